import { assert, assertEquals } from "@std/assert";
import { prepareObjective } from "../commands/recipes/objectives.ts";
import type { LanguageConfig } from "../checkpoints/runs/language_settings.ts";
import { chooseSettings } from "../commands/settings/settings.ts";
import { parseFlags } from "../commands/cli/parse_flags.ts";
import { trainFlags } from "../commands/settings/train_flags.ts";
import type { Batch } from "../data/batches.ts";
import { IGNORE_INDEX } from "../kernels/cross_entropy.ts";
import { CharTokenizer } from "../tokenizers/char_tokenizer.ts";
import { MASKED_SPECIAL_TOKENS } from "../tokenizers/special_tokens.ts";
import { words } from "./_command.ts";

/** The rows of batches that have a target. */
function rowsOf(batches: readonly Batch[]): number {
  return batches.reduce((sum, { targets, targetIndices, contextLength }) => {
    const positions = [...targets.keys()].filter((at) => targets[at] !== IGNORE_INDEX);
    return sum + new Set(positions.map((at) => Math.floor((targetIndices?.[at] ?? at) / contextLength))).size;
  }, 0);
}

for (
  const [objective, line] of [["causal", ""], ["mlm", "--mask-rate 1"], ["mlm", "--lines --mask-rate 1"]]
) {
  const name = `${objective} ${line}`.trim();
  Deno.test(`${name}: as many sequences are named as batches have, in an epoch and in a validation of all`, () => {
    const isMasked = objective === "mlm", preset = isMasked ? "roberta-short" : "tiny";
    const settings = chooseSettings(parseFlags(trainFlags, words(`--batch-size 3 ${line}`)), preset);
    const tokenizer = CharTokenizer.fromText("ab", isMasked ? { specialTokens: MASKED_SPECIAL_TOKENS } : {});
    const lengthened = (characters: number) => {
      const documents = Array.from({ length: Math.ceil(characters / 10) }, () => "abbabaabb");
      return Uint32Array.from(
        documents.flatMap((text) => [...tokenizer.encode(text), isMasked ? 2 : 0]).slice(0, characters),
      );
    };
    for (const [training, validation] of [[500, 100], [513, 9], [131, 129], [40, 17], [48, 32]]) {
      const config = {
        ...settings,
        ...{ vocabSize: tokenizer.vocabSize, contextLength: 16, modelDim: 8, heads: 2, layers: 1 },
      } as unknown as LanguageConfig;
      const encoded = { training: lengthened(training), validation: lengthened(validation) };
      const { sequences, batches, evaluationBatches } = prepareObjective(
        config,
        encoded,
        tokenizer,
        settings,
      );
      assertEquals(sequences.validation, rowsOf(evaluationBatches("validation")), `${validation} tokens`);
      assertEquals(sequences.training / 3, batches.batchesPerEpoch, `${training} tokens`);
      assert(sequences.length <= 16);
      assertEquals(sequences.length, batches.at(0).contextLength);
    }
  });
}
