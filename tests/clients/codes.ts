// Compares codes with the module that `manage.py apierrors --format typescript` prints.

import { ERRORS } from "./errors";
import type { APIError, ErrorName } from "./errors";

const name: ErrorName = "ALREADY_EXISTS";
// @ts-expect-error: The catalogue does not have this name.
const wrong: ErrorName = "ALREADY_EXIST";

function isTaken(error: APIError): boolean {
  // @ts-expect-error: The catalogue does not have this code.
  if (error.code === "TAKEN") return true;
  return error.code === ERRORS[name].code;
}

const body: APIError = { status: 400, errors: ["Taken."], code: "ALREADY_EXISTS", moreInfo: "" };
console.log(JSON.stringify([isTaken(body), ERRORS.UNAUTHENTICATED, wrong]));
