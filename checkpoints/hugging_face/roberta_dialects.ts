/**
 * How the checkpoints of RoBERTa and BERT differ; what they share is in `roberta.ts`.
 *
 * @module
 */

import { PAD_ID } from "../../models/config.ts";

/** A layer with weight and bias: our name, theirs, and whether it is linear. */
export type Row = readonly [ours: string, theirs: readonly string[], isLinear: boolean];

/** What differs between the checkpoints of the two. */
export interface Dialect {
  /** `model_type`, and the prefix of the tensors of the encoder. */
  readonly modelType: string;
  /** `architectures`: the names of the classes, the first for a file without. */
  readonly classes: {
    readonly masked: string;
    readonly classifier: string;
    /** An encoder alone. */
    readonly bare: string;
    /** BERT's own pretraining, on masks and pairs of sentences; read as a masked language model. */
    readonly pretraining?: string;
  };
  /** The layer and the norm of the language head. */
  readonly headRows: readonly Row[];
  /** The bias of the language head, and the path of its decoder. */
  readonly head: { readonly bias: string; readonly decoder: string };
  /** The layers of a classification head. */
  readonly classifierRows: readonly Row[];
  /** The layer that is part of the encoder in a classifier and in an encoder alone. */
  readonly pooler?: Row;
  /** Tensors that a file may hold although no parameter is made from them. */
  readonly leftover: RegExp;
  /** The position of the first token. */
  firstPosition(padId: number): number;
  /** Values of a file that leaves them out. */
  readonly defaults: { readonly vocabSize: number; readonly padId: number };
  /** The fields with ids of special tokens that are written. */
  tokenIds(padId: number): Record<string, number>;
}

/** The dialect of each architecture. */
export const DIALECTS: Readonly<Record<"roberta" | "bert", Dialect>> = {
  roberta: {
    modelType: "roberta",
    classes: {
      masked: "RobertaForMaskedLM",
      classifier: "RobertaForSequenceClassification",
      bare: "RobertaModel",
    },
    headRows: [
      ["languageHead.dense", ["lm_head.dense"], true],
      ["languageHead.norm", ["lm_head.layer_norm"], false],
    ],
    head: { bias: "lm_head.bias", decoder: "lm_head.decoder" },
    classifierRows: [
      ["classificationHead.dense", ["classifier.dense"], true],
      ["classificationHead.projection", ["classifier.out_proj"], true],
    ],
    // counted positions, the tied decoder, BERT's pooler
    leftover:
      /(^|\.)embeddings\.(position_ids|token_type_embeddings\.weight)$|^lm_head\.decoder\.|(^|\.)pooler\./,
    firstPosition: (padId) => padId + 1,
    defaults: { vocabSize: 50265, padId: PAD_ID },
    tokenIds: (padId) => ({ bos_token_id: 0, pad_token_id: padId, eos_token_id: 2 }),
  },
  bert: {
    modelType: "bert",
    classes: {
      masked: "BertForMaskedLM",
      classifier: "BertForSequenceClassification",
      bare: "BertModel",
      pretraining: "BertForPreTraining",
    },
    headRows: [
      ["languageHead.dense", ["cls.predictions.transform.dense"], true],
      ["languageHead.norm", ["cls.predictions.transform.LayerNorm"], false],
    ],
    head: { bias: "cls.predictions.bias", decoder: "cls.predictions.decoder" },
    classifierRows: [["classificationHead.projection", ["classifier"], true]],
    pooler: ["encoder.pooler", ["bert.pooler.dense"], true],
    // counted positions, the tied decoder, whether one sentence follows another
    leftover:
      /(^|\.)embeddings\.(position_ids|token_type_embeddings\.weight)$|^cls\.(predictions\.decoder|seq_relationship)\./,
    firstPosition: () => 0,
    defaults: { vocabSize: 30522, padId: 0 },
    tokenIds: (padId) => ({ pad_token_id: padId }),
  },
};
