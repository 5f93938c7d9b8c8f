import assert from "node:assert/strict";
import { test } from "node:test";
import { signedHeaders, type SignableRequest } from "./sigv4.ts";

// The keys, the time and the signatures are those of Amazon's published test suite for version 4.
const keys = {
  accessKey: "AKIDEXAMPLE",
  secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  sessionToken: "",
};
const signature = (request: Partial<SignableRequest>, token = ""): string => {
  const headers = signedHeaders(
    {
      method: "GET",
      url: new URL("https://example.amazonaws.com/"),
      headers: [],
      body: "",
      region: "us-east-1",
      service: "service",
      nowMs: Date.UTC(2015, 7, 30, 12, 36, 0),
      ...request,
    },
    { ...keys, sessionToken: token },
  );
  return /Signature=([0-9a-f]{64})$/u.exec(headers.at(-1) ?? "")?.[1] ?? "";
};

test("signatures are those of the published test suite", () => {
  assert.equal(signature({}), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  assert.equal(
    signature({ url: new URL("https://example.amazonaws.com/?Param2=value2&Param1=value1") }),
    "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  );
  assert.equal(
    signature({ method: "POST" }),
    "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
  );
  assert.equal(
    signature({
      method: "POST",
      headers: ["content-type", "application/x-www-form-urlencoded"],
      body: "Param1=value1",
    }),
    "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
  );
});

test("temporary keys carry their token", () => {
  const request = {
    method: "GET",
    url: new URL("https://example.amazonaws.com/"),
    headers: ["X-A", "  a   b "],
    body: "",
    region: "r",
    service: "s",
    nowMs: 0,
  };
  const headers = signedHeaders(request, { ...keys, sessionToken: "tok" });
  assert.deepEqual(headers.slice(0, 6), [
    "X-A",
    "  a   b ",
    "x-amz-date",
    "19700101T000000Z",
    "x-amz-security-token",
    "tok",
  ]);
  assert.match(headers.at(-1) ?? "", /SignedHeaders=host;x-a;x-amz-date;x-amz-security-token, /u);
});
