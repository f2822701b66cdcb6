import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadTokenizer } from "../../src/data/tokenizer.ts";
import { completeTokenizer, readPaligemmaTokenizer } from "../../src/model/paligemma-tokenizer.ts";
import { PALIGEMMA_3B } from "../support/paligemma-3b.ts";
import { workFolder } from "../support/work-folder.ts";

const folder = workFolder();

describe("Gemma's tokenizer as npm has it", () => {
  test("gets the places, codes and image of PaliGemma at the ids that its weights have for them", async () => {
    const home = join(folder, "whole");
    mkdirSync(home);
    writeFileSync(join(home, "tokenizer.json"), await readPaligemmaTokenizer(undefined, PALIGEMMA_3B));
    const tokenizer = await loadTokenizer(home);
    const ids = (text: string) => tokenizer.encode(text);
    expect([ids("<loc0000>"), ids("<loc1023>"), ids("<seg000>"), ids("<seg127>"), ids("<image>")]).toEqual(
      [256000, 257023, 257024, 257151, 257152].map((id) => [id]),
    );
    expect([tokenizer.padId, tokenizer.eosId, tokenizer.bosId]).toEqual([0, 1, 2]);
    expect(tokenizer.decode(ids("34 gram"))).toBe("34 gram");
    expect(tokenizer.findSpecial("a <image> here")).toBe("<image>");
    expect(tokenizer.findSpecial("at <loc0001>")).toBeUndefined();
  });
});

const small = (tokens: number, added: readonly { id: number; content: string }[] = []) =>
  JSON.stringify({
    added_tokens: added,
    model: { vocab: Object.fromEntries(Array.from({ length: tokens }, (_, i) => [`t${i}`, i])) },
  });

test("a tokenizer that has the image token where the model wants it is left as it is", () => {
  const text = small(3, [{ id: 8, content: "<image>" }]);
  expect(completeTokenizer("t.json", text, 8)).toBe(text);
});

test("no template writes <bos> before the image", () => {
  const json = JSON.parse(completeTokenizer("t.json", small(3), 3 + 1024 + 128));
  expect(json.post_processor).toBeNull();
  expect(json.added_tokens).toHaveLength(1024 + 128 + 1);
});

test.each([
  [small(4), /t\.json: it has 4 tokens and no <image>; the model wants <image> as token 1155/],
  [small(3, [{ id: 8, content: "<image>" }]), /t\.json: <image> is token 8; the model wants <image> as token 1155/],
  ["{}", /t\.json: added_tokens: /],
  ["no", /t\.json: is not JSON/],
])("another family's is refused: %.40s", (text, message) => {
  expect(() => completeTokenizer("t.json", text, 3 + 1024 + 128)).toThrow(message);
});

test("a file of the user's choice goes before the installed one", async () => {
  await expect(readPaligemmaTokenizer(join(folder, "none.json"), PALIGEMMA_3B)).rejects.toThrow(
    /none\.json: cannot be read/,
  );
  const own = join("checkpoints", "tiny", "tokenizer.json");
  expect(
    Buffer.compare(await readPaligemmaTokenizer(own, { ...PALIGEMMA_3B, imageTokenId: 440 }), readFileSync(own)),
  ).toBe(0);
});
