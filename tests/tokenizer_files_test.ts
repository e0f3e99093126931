import { assertEquals } from "@std/assert";
import {
  BARE_FRAME,
  extractFrame,
  type Frame,
  robertaFrame,
  type SpecialToken,
} from "../tokenizers/special_tokens.ts";
import { writeTokenizerFiles } from "../tokenizers/hugging_face/tokenizer_files.ts";

const special = (content: string, id: number, wishes: Partial<SpecialToken> = {}): SpecialToken => ({
  ...{ content, id, leftStrip: false, rightStrip: false, singleWord: false, special: true },
  ...wishes,
});

/** The three files, parsed. */
function write(specialTokens: SpecialToken[], frame: Frame = BARE_FRAME, config?: Record<string, unknown>) {
  const files = writeTokenizerFiles({
    specialTokens,
    frame,
    tokenOf: (id) => `t${id}`,
    preTokenizer: { type: "P" },
    decoder: { type: "D" },
    model: { type: "M" },
    config,
  });
  assertEquals(Object.keys(files), ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"]);
  const [tokenizer, configured, map] = Object.values(files).map((text) => JSON.parse(text));
  return { tokenizer, config: configured, map };
}

Deno.test("the parts stand where Hugging Face looks for them", () => {
  const { tokenizer } = write([special("<s>", 4, { singleWord: true, special: false })]);
  assertEquals(tokenizer, {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: 4,
        content: "<s>",
        single_word: true,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: false,
      },
    ],
    normalizer: null,
    pre_tokenizer: { type: "P" },
    post_processor: null,
    decoder: { type: "D" },
    model: { type: "M" },
  });
});

Deno.test("companions name the purpose of each special token, with its wishes if it has some", () => {
  const tokens = ["<s>", "<pad>", "</s>", "<unk>"].map((content, id) => special(content, id));
  const { map, config } = write([...tokens, special("<mask>", 9, { leftStrip: true })], BARE_FRAME, {
    extra: 1,
  });
  const mask = { content: "<mask>", single_word: false, lstrip: true, rstrip: false, normalized: false };
  assertEquals(map, {
    bos_token: "<s>",
    eos_token: "</s>",
    unk_token: "<unk>",
    sep_token: "</s>",
    pad_token: "<pad>",
    cls_token: "<s>",
    mask_token: mask,
  });
  const fixed = { tokenizer_class: "PreTrainedTokenizerFast", clean_up_tokenization_spaces: false };
  assertEquals(config, { ...fixed, extra: 1, ...map, mask_token: { __type: "AddedToken", ...mask } });
  const end = "<|endoftext|>";
  assertEquals(write([special(end, 0)]).map, { bos_token: end, eos_token: end });
  assertEquals(write([special("<s>", 0, { special: false })]).map, {});
});

Deno.test("the frame is written as RoBERTa's where it is that, else as a template", () => {
  const processor = (frame: Frame) => write([], frame).tokenizer.post_processor;
  const roberta = { type: "RobertaProcessing", trim_offsets: true, add_prefix_space: false };
  assertEquals(processor(robertaFrame(0, 2)), { ...roberta, sep: ["t2", 2], cls: ["t0", 0] });
  const piece = (id: number) => ({ SpecialToken: { id: `t${id}`, type_id: 0 } });
  const [a, b] = ["A", "B"].map((id) => ({ Sequence: { id, type_id: 0 } }));
  const named = (id: number) => [`t${id}`, { id: `t${id}`, ids: [id], tokens: [`t${id}`] }];
  assertEquals(processor(extractFrame(7, 8, 9)), {
    type: "TemplateProcessing",
    single: [piece(7), a, piece(9)],
    pair: [piece(7), a, piece(8), b, piece(9)],
    special_tokens: Object.fromEntries([7, 9, 8].map(named)),
  });
  const { single, pair } = processor({ single: [7, "text"], pair: [] });
  assertEquals({ single, pair }, { single: [piece(7), a], pair: [a, b] });
});
