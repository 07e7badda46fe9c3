// Makes failing calls with the client that @hey-api/openapi-ts generates.

import { thngsCreate, thngsList } from "./hey";
import type { ApiError400ThngsCreateDetailCode } from "./hey";
import { client } from "./hey/client.gen";

async function main([baseUrl, key]: string[]): Promise<void> {
  client.setConfig({ baseUrl });
  const { error } = await thngsCreate({ body: { name: "" }, headers: { Authorization: key } });
  if (error?.code === "INVALID_CONTENT") {
    const status: 400 = error.status;
    const codes: string[] = error.details.map((detail) => detail.code);
    console.log(JSON.stringify([status, error.code, codes]));
  }
  // @ts-expect-error: The operation does not have this code.
  if (error?.code === "GONE") throw error;
  // Messages may have other codes. The known codes are a type.
  const known: ApiError400ThngsCreateDetailCode = "required";
  // @ts-expect-error: No field has a message with this code.
  const unknown: ApiError400ThngsCreateDetailCode = "out_of_stock";
  if (error?.details[0].code === known || error?.details[0].code === unknown) throw error;

  const denied = await thngsList();
  if (denied.error?.code === 33619968) {
    const status: 401 = denied.error.status;
    console.log(JSON.stringify([status, denied.error.code]));
  }
}

void main(process.argv.slice(2));
