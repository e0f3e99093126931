import { assertEquals } from "@std/assert";
import { CHECKPOINT_FILES, pathsOf, TOKENIZER_FILES, TOKENIZER_INPUT_FILES } from "../files/folder_names.ts";

Deno.test("the siblings of a folder lie beside it, whatever ends its path", () => {
  for (const path of ["models/cats", "models/cats/", "models/cats//"]) {
    assertEquals(pathsOf(path), {
      folder: "models/cats",
      fresh: "models/.cats.miniformer-new",
      former: "models/.cats.miniformer-old",
      lock: "models/.cats.miniformer-lock",
    });
  }
  assertEquals(pathsOf("/").folder, "/");
});

Deno.test("a checkpoint has the files of its tokenizer, and one that is read may have those of other programs", () => {
  for (const name of TOKENIZER_FILES) assertEquals(CHECKPOINT_FILES.includes(name), true, name);
  assertEquals(TOKENIZER_INPUT_FILES.filter((name) => !TOKENIZER_FILES.includes(name)), [
    "added_tokens.json",
  ]);
});
