import { expect, test } from "vitest";
import { openHub } from "../../../src/data/hub/hub-client.ts";

const model = { model: "google/paligemma-3b-pt-224", revision: "main", token: undefined };

test.each(["https://me:secret@hub.example", "https://:secret@hub.example", "me:secret@hub.example", "secret@hub"])(
  "an endpoint with a password in it is refused without showing it: %#",
  (endpoint) => {
    const open = () => openHub({ ...model, endpoint });
    expect(open).toThrow("HF_ENDPOINT: holds a name or a password");
    expect(open).not.toThrow("secret");
  },
);

test("an endpoint that is no address of a hub is shown", () => {
  expect(() => openHub({ ...model, endpoint: "ftp://hub.example" })).toThrow("HF_ENDPOINT ftp://hub.example");
});
