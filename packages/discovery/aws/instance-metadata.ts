/**
 * Asks the metadata service of an EC2 instance, with a session token (its version 2).
 */

import { bodyText } from "@narthex/http/client";
import { ApiClient } from "../api-client.ts";
import type { AwsCaller } from "./aws-caller.ts";

const timeoutMs = 5_000;
const tokenSeconds = "21600";

/** What the service says at `path`. Rejects where there is no such service. */
export async function metadataText(path: string, caller: AwsCaller): Promise<string> {
  const { context, signal, section } = caller;
  const { environment = process.env } = context;
  if ((environment["AWS_EC2_METADATA_DISABLED"] ?? "").toLowerCase() === "true")
    throw new Error(
      'access disabled to EC2 IMDS via client option, or "AWS_EC2_METADATA_DISABLED" environment variable',
    );
  const baseUrl = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] || "http://169.254.169.254";
  const api = new ApiClient({ section, baseUrl, timeoutMs }, context);
  try {
    const token = await api.succeed({
      path: "/latest/api/token",
      method: "PUT",
      headers: ["x-aws-ec2-metadata-token-ttl-seconds", tokenSeconds],
      body: "",
      signal,
    });
    const headers = ["x-aws-ec2-metadata-token", bodyText(token)];
    return bodyText(await api.succeed({ path, headers, signal }));
  } finally {
    api.close();
  }
}
