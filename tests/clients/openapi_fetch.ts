// Makes failing calls with openapi-fetch and the types of openapi-typescript.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

async function main([baseUrl, key]: string[]): Promise<void> {
  const client = createClient<paths>({ baseUrl, headers: { Authorization: key } });
  const { error } = await client.POST("/thngs", { body: { name: "" } });
  if (error?.code === "INVALID_CONTENT") {
    const status: 400 = error.status;
    const codes: string[] = error.details.map((detail) => detail.code);
    console.log(JSON.stringify([status, error.code, codes]));
  }
  // @ts-expect-error: The operation does not have this code.
  if (error?.code === "GONE") throw error;
  type Code = components["schemas"]["APIError400ThngsCreateDetailCode"];
  const known: Code = "required";
  // @ts-expect-error: No field has a message with this code.
  const unknown: Code = "out_of_stock";
  if (error?.details[0].code === known || error?.details[0].code === unknown) throw error;

  const anonymous = createClient<paths>({ baseUrl });
  const denied = await anonymous.GET("/thngs");
  if (denied.error?.code === 33619968) {
    const status: 401 = denied.error.status;
    console.log(JSON.stringify([status, denied.error.code]));
  }
}

void main(process.argv.slice(2));
