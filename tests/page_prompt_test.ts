import { assert, assertEquals } from "@std/assert";
import { CharTokenizer, MASKED_SPECIAL_TOKENS, trainBpe } from "../mod.ts";
import { buildModel } from "../models/families.ts";
import { firstPrompt } from "../page/compute/prompt.ts";
import type { LookSource } from "../page/compute/look/looks.ts";

const text = "The old cat sat by the window and looked at the rain.";
const sizes = { layers: 1, heads: 2, modelDim: 8, feedForwardDim: 8, dropoutRate: 0, vocabSize: 400 };

const models = {
  causal: (contextLength: number) => buildModel({ ...sizes, architecture: "gpt2", contextLength }),
  masked: (contextLength: number) => buildModel({ ...sizes, architecture: "roberta", contextLength }),
  classifier: (contextLength: number) =>
    buildModel({ ...sizes, architecture: "roberta", contextLength, labels: ["a", "b"] }),
};

const characters = CharTokenizer.fromText(text, { specialTokens: MASKED_SPECIAL_TOKENS });
const bytes = await trainBpe([text], { vocabSize: 262, specialTokens: MASKED_SPECIAL_TOKENS });

/** The prompt for a model with this context. */
function promptOf(
  kind: keyof typeof models,
  contextLength: number,
  tokenizer: LookSource["tokenizer"],
  of = text,
): string {
  const model = models[kind](contextLength) as unknown as LookSource["model"];
  return firstPrompt({ model, tokenizer }, of);
}

Deno.test("the first prompt: three words, for a masked model with a mask among them", () => {
  assertEquals(promptOf("causal", 64, characters), "The old cat");
  assertEquals(promptOf("masked", 64, characters), "The o<mask>d cat");
  assertEquals(promptOf("masked", 64, bytes), "The old <mask> sat by the window and");
  assertEquals(promptOf("classifier", 64, characters), text);
  for (const kind of ["causal", "masked"] as const) {
    const isMasked = kind === "masked", specialTokens = isMasked ? MASKED_SPECIAL_TOKENS : undefined;
    const prompt = (text: string) =>
      promptOf(kind, 64, CharTokenizer.fromText(text, { specialTokens }), text);
    assertEquals(prompt("\n The cat\nsat down there"), isMasked ? "The c<mask>t\nsat" : "The cat\nsat");
    const half = "🙂".repeat(12);
    assertEquals(prompt("🙂".repeat(100)), isMasked ? `${half}<mask>${half.slice(2)}` : half + half);
  }
});

Deno.test("the first prompt is never longer than a masked model or a classifier can read", () => {
  assertEquals(promptOf("causal", 4, characters), "The old cat");
  assertEquals(promptOf("masked", 8, characters), "The<mask>ol");
  assertEquals(promptOf("masked", 16, bytes), "The old <mask> sat by");
  assertEquals(promptOf("masked", 3, bytes), "<mask>");
  assertEquals(promptOf("classifier", 16, characters), "The old cat");
  for (const kind of ["masked", "classifier"] as const) {
    for (const tokenizer of [characters, bytes]) {
      for (let context = 3; context < 70; context++) {
        const prompt = promptOf(kind, context, tokenizer);
        assert(
          tokenizer.encode(prompt, { addSpecialTokens: true }).length <= context,
          `${context}: ${prompt}`,
        );
        assertEquals(prompt.includes("<mask>"), kind === "masked", prompt);
      }
    }
  }
});
