import { assert, assertEquals, assertThrows } from "@std/assert";
import { FIXED_FIELDS } from "../checkpoints/hugging_face/shared_fields.ts";
import { fromHuggingFaceConfig, toHuggingFaceConfig } from "../checkpoints/hugging_face/formats.ts";
import { buildModel } from "../models/families.ts";
import { type Field, READ_FIELDS, UNREAD_FIELDS } from "./folders/fields.ts";
import { huggingFacePage } from "./folders/page.ts";

/** The classes of each family, and a small file of it. */
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  "openai-gpt": ["OpenAIGPTLMHeadModel", "OpenAIGPTForSequenceClassification", "OpenAIGPTModel"],
  gpt2: ["GPT2LMHeadModel", "GPT2ForSequenceClassification", "GPT2Model"],
  roberta: ["RobertaForMaskedLM", "RobertaForSequenceClassification", "RobertaModel"],
  bert: ["BertForMaskedLM", "BertForSequenceClassification", "BertModel", "BertForPreTraining"],
};
const gpt = { vocab_size: 11, n_positions: 8, n_layer: 2, n_head: 2, n_embd: 8 };
const encoder = {
  vocab_size: 11,
  max_position_embeddings: 20,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  hidden_size: 8,
  intermediate_size: 12,
};
const SMALL: Readonly<Record<string, Record<string, unknown>>> = {
  "openai-gpt": gpt,
  gpt2: gpt,
  roberta: encoder,
  bert: encoder,
};

/** Reads a configuration and builds its model, which checks the sizes. */
function read(modelType: string, architecture: string, change: Record<string, unknown>) {
  const json = { model_type: modelType, architectures: [architecture], ...SMALL[modelType], ...change };
  const config = fromHuggingFaceConfig(json);
  buildModel(config);
  return config;
}

/** Every field of the table in every class that has it. */
function forEach(visit: (name: string, modelType: string, architecture: string, field: Field) => void): void {
  for (const field of READ_FIELDS) {
    for (const [modelType, name] of Object.entries(field.names)) {
      const classes = CLASSES[modelType].filter((architecture) => field.classes?.test(architecture) ?? true);
      assert(classes.length > 0, `${name} of ${modelType} is in no class`);
      for (const architecture of classes) visit(name, modelType, architecture, field);
    }
  }
}

Deno.test("config.json: every value of the table is read, and written back as a value that means the same", () => {
  forEach((name, modelType, architecture, field) => {
    const meanings = new Set<string>();
    for (const value of field.read) {
      const config = read(modelType, architecture, { [name]: value }),
        what = `${architecture}: ${name} ${value}`;
      const written = JSON.parse(JSON.stringify(toHuggingFaceConfig(config)));
      assertEquals(fromHuggingFaceConfig(written), config, what);
      // a GPT without its tied head is one with it, and no model predicts which sentence follows
      const kept = architecture.replace(/(GPT2?)Model$/, "$1LMHeadModel").replace(
        "ForPreTraining",
        "ForMaskedLM",
      );
      assertEquals(written.architectures, [kept], what);
      meanings.add(JSON.stringify(config));
    }
    // a value that was not looked at would give the same model as another
    assert(field.read.length === 1 || meanings.size > 1, `${architecture}: ${name} changes nothing`);
    const usual = JSON.stringify(read(modelType, architecture, {}));
    assert(meanings.size > 1 || !meanings.has(usual), `${architecture}: ${name} changes nothing`);
  });
});

Deno.test("config.json: every value that the table refuses is refused, in one line with the field", () => {
  forEach((name, modelType, architecture, { refused }) => {
    for (const value of refused) {
      const { message } = assertThrows(() => read(modelType, architecture, { [name]: value }), Error);
      const words = name === "id2label" ? [name, "labels", '"same"'] : [name];
      assert(words.some((word) => message.includes(word)), `${name} ${JSON.stringify(value)}: ${message}`);
      assert(!message.includes("\n"), message);
    }
  });
});

Deno.test("config.json: a field with one supported value is read with it and without it, and refused otherwise", () => {
  for (const { field, modelTypes, supported } of FIXED_FIELDS) {
    for (const modelType of modelTypes) {
      const [architecture] = CLASSES[modelType], usual = read(modelType, architecture, {});
      for (const value of supported === undefined ? [null, {}] : [supported, null]) {
        assertEquals(read(modelType, architecture, { [field]: value }), usual);
      }
      for (const value of [!supported, "other", { 0: [1] }]) {
        const message = `${field} is `;
        assertThrows(() => read(modelType, architecture, { [field]: value }), TypeError, message);
      }
    }
  }
});

Deno.test("config.json: every field that transformers writes is in one of the tables", () => {
  const url = new URL("../fixtures/folders/fields.json", import.meta.url);
  const families: Record<string, Record<string, unknown>> = JSON.parse(Deno.readTextFileSync(url));
  for (const [modelType, usual] of Object.entries(families)) {
    const fields = Object.keys(usual);
    // and a file without a field means what transformers means by leaving it out
    for (const architectures of CLASSES[modelType].map((name) => [name])) {
      const least = { model_type: modelType, architectures };
      assertEquals(fromHuggingFaceConfig(least), fromHuggingFaceConfig({ ...usual, ...least }), modelType);
    }
    const known = new Set([
      ...["model_type", "architectures"],
      ...READ_FIELDS.map(({ names }) => names[modelType]),
      ...FIXED_FIELDS.filter(({ modelTypes }) => modelTypes.includes(modelType)).map(({ field }) => field),
      ...UNREAD_FIELDS.flatMap(({ fields }) => fields),
    ]);
    assertEquals(fields.filter((field) => !known.has(field)), [], modelType);
  }
});

Deno.test("docs/hugging_face.md is made of the tables", () => {
  const page = Deno.readTextFileSync(new URL("../docs/hugging_face.md", import.meta.url));
  assertEquals(page, huggingFacePage(), "run deno run -R -W tests/folders/page.ts");
});
