// A form for thngs in the terminal:
//
//   node build/main.js http://127.0.0.1:8000 create '{"name": "Lamp"}'
//   node build/main.js http://127.0.0.1:8000 status 500

import { statusRetrieve, thngsCreate } from "./api";
import type { StatusRetrieveError, ThngRequest, ThngsCreateError } from "./api";
import { client } from "./api/client.gen";
import { ERRORS } from "./errors";

const ATTEMPTS = 3;

// There is no response if the server is not reachable.
type Result = { response?: Response };

/** Sends a request; sends it again after `Retry-After` if a service is not available. */
async function send<T extends Result>(request: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const result = await request();
    const { response } = result;
    if (response === undefined) throw new Error("The server is not reachable.");
    if (response.status !== 503 || attempt === ATTEMPTS) return result;
    const seconds = Number(response.headers.get("Retry-After"));
    console.log(`The service is not available. Next attempt in ${seconds} seconds.`);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

/** Creates a thng, and shows the errors at the fields of the form. */
async function create(form: ThngRequest): Promise<void> {
  const { data, error } = await send(() => thngsCreate({ body: form }));
  if (error === undefined) {
    console.log(`Saved: ${data.name}`);
    return;
  }
  switch (error.code) {
    case ERRORS.INVALID_CONTENT.code:
    case ERRORS.INVALID_ID.code:
    case ERRORS.MISSING_RESOURCE.code:
    case ERRORS.ALREADY_EXISTS.code:
      for (const { field, code, message } of error.details) {
        const hint = code === "unique" ? " Choose another one." : "";
        console.log(`${(field || "form").padEnd(20)} ${message}${hint}`);
      }
      break;
    default:
      show(error);
  }
}

/** Shows an error that is not about a field. */
function show(error: ThngsCreateError | StatusRetrieveError): void {
  switch (error.code) {
    case ERRORS.UNAUTHENTICATED.code:
      console.log("Please log in.");
      break;
    case ERRORS.INTERNAL_ERROR.code:
      // The message ends with the reference. The server's log record has the same reference.
      console.log(`Send this message to support@example.com:\n${error.errors.join("\n")}`);
      break;
    default:
      console.log(error.errors.join("\n"));
  }
}

async function main([baseUrl, command, argument]: string[]): Promise<void> {
  client.setConfig({ baseUrl, headers: { Authorization: process.env.API_KEY } });
  if (command === "create") {
    await create(JSON.parse(argument));
  } else {
    const path = { status: Number(argument) };
    const { error } = await send(() => statusRetrieve({ path }));
    if (error !== undefined) show(error);
  }
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
