/**
 * Explanations of the stages of a step: a formula, its derivative and a sentence.
 *
 * @module
 */

/** A stage as it is explained. */
export interface Explanation {
  readonly title: string;
  /** Names of the dimensions. */
  readonly dimensions: string;
  readonly formula: string;
  /** How the gradient of its result becomes the gradients of what it read. */
  readonly derivative: string;
  readonly about: string;
}

const explain = (
  title: string,
  dimensions: string,
  formula: string,
  derivative: string,
  about: string,
): Explanation => ({ title, dimensions, formula, derivative, about });

/** The input, before the first kernel. */
export const TOKENS = explain(
  "Tokens and ids",
  "B, T",
  "",
  "",
  "The line as the model reads it: tokens, their ids in the vocabulary, and the tokens to predict.",
);

const LINEAR = ["y = x · W + b", "dx = dy · Wᵀ,  dW = xᵀ · dy,  db = Σ dy"] as const;
const head = (name: string) =>
  [`${name}[h, t] = y[t], the columns of head h`, `dy[t] = d${name}[h, t]`] as const;

/** Explanations by role: the name of the kernel, that of the linear layer, or one that `stages.ts` gives. */
export const ROLES: Readonly<Record<string, Explanation>> = {
  tokens: explain(
    "Token embedding",
    "B, T, C",
    "x[t] = E[id[t]]",
    "dE[id[t]] += dx[t]",
    "Every id selects a row of a table that is learned.",
  ),
  positions: explain(
    "Positions",
    "B, T",
    "n[t] = first + t",
    "",
    "The positions of the tokens, as integers.",
  ),
  placed: explain(
    "Position embedding",
    "B, T, C",
    "p[t] = P[n[t]]",
    "dP[n[t]] += dp[t]",
    "Attention alone does not depend on the order of tokens, so every position has a learned vector, too.",
  ),
  sum: explain(
    "Embedding sum",
    "B, T, C",
    "y = x + p",
    "dx = dy,  dp = dy",
    "Token and position together: the residual stream begins here.",
  ),
  layerNormForward: explain(
    "Normalization",
    "B, T, C",
    "y = weight · x̂ + bias,  x̂ = (x − mean) / std",
    "dx = (g − mean(g) − x̂ · mean(g · x̂)) / std,  g = weight · dy",
    "Every row gets mean 0 and variance 1, then a learned scale and shift.",
  ),
  queryKeyValue: explain(
    "Query, key, value",
    "B, T, 3C",
    ...LINEAR,
    "One product computes all three, for all heads.",
  ),
  query: explain(
    "Queries",
    "B, H, T, D",
    ...head("q"),
    "Each token's query is compared with the keys of all tokens it may attend to.",
  ),
  key: explain(
    "Keys",
    "B, H, T, D",
    ...head("k"),
    "A token gets much attention from queries that match its key.",
  ),
  value: explain(
    "Values",
    "B, H, T, D",
    ...head("v"),
    "What a token contributes to the result of those that attend to it.",
  ),
  scaled: explain(
    "Scaled queries",
    "B, H, T, D",
    "y = factor · q,  factor",
    "dq = factor · dy",
    "A scale of this layer.",
  ),
  products: explain(
    "Products",
    "B, H, T, T",
    "s = q · kᵀ",
    "dq = ds · k,  dk = dsᵀ · q",
    "How well the query of a row matches the key of a column.",
  ),
  scores: explain(
    "Scores",
    "B, H, T, T",
    "y = factor · s,  factor = 1 / √D",
    "ds = factor · dy",
    "Products grow with the width of a head, as √D; the factor compensates for it.",
  ),
  softmaxForward: explain(
    "Attention weights",
    "B, H, T, T",
    "p[j] = exp(y[j]) / Σₖ exp(y[k])",
    "dy = p · (dp − Σₖ p[k] · dp[k])",
    "Softmax: every row adds up to 1.",
  ),
  heads: explain(
    "Weighted values",
    "B, H, T, D",
    "z = p · v",
    "dp = dz · vᵀ,  dv = pᵀ · dz",
    "The mean of the values, weighted by attention.",
  ),
  mergeHeadsForward: explain(
    "Heads side by side",
    "B, T, C",
    "y[t] = z[1, t], z[2, t], …",
    "dz[h, t] = dy[t], the columns of head h",
    "The heads become one row again.",
  ),
  projection: explain("Attention output", "B, T, C", ...LINEAR, "Mixes the results of the heads."),
  residual: explain(
    "Residual stream",
    "B, T, C",
    "y = a + b",
    "da = dy,  db = dy",
    "The result is added to the stream; gradients pass through the sum unchanged.",
  ),
  expand: explain(
    "Expansion",
    "B, T, F",
    ...LINEAR,
    "The feed-forward network: a wider row for each token, computed from that token alone.",
  ),
  contract: explain("Contraction", "B, T, C", ...LINEAR, "Back to the width of the stream."),
  masks: explain(
    "States at the masks",
    "M, C",
    "y[m] = x[position of mask m]",
    "dx[position of mask m] += dy[m]",
    "Only masked tokens are predicted, so the rest is left out from here on.",
  ),
  dense: explain(
    "Dense layer of the head",
    "M, C",
    ...LINEAR,
    "Transforms states so that they can be compared with embeddings.",
  ),
  logits: explain(
    "Logits",
    "T, V",
    "y = x · Eᵀ",
    "dx = dy · E,  dE = dyᵀ · x",
    "A number for every token of the vocabulary: the dot product of its row of the embedding table with the state.",
  ),
  crossEntropyForward: explain(
    "Losses",
    "T",
    "loss[t] = log Σₖ exp(y[t, k]) − y[t, target]",
    "",
    "For each predicted token −log of its probability, in nats.",
  ),
  crossEntropyMean: explain(
    "Loss",
    "1",
    "loss = Σ loss[t] / count",
    "dy = (softmax(y) − one-hot) · dloss / count,  y: the logits",
    "The mean over all predicted tokens, which training minimizes. The backward pass begins here, with dloss = 1.",
  ),
};

/** Activation functions, as `kernels/activations.ts` names them. */
const ACTIVATIONS: Record<string, string> = {
  gelu: "x / 2 · (1 + tanh(√(2 / π) · (x + 0.044715 x³)))",
  geluErf: "x / 2 · (1 + erf(x / √2))",
  relu: "max(0, x)",
  silu: "x / (1 + exp(−x))",
  quickGelu: "x / (1 + exp(−1.702 x))",
  tanh: "tanh(x)",
};

/** Explains an activation; any other kernel has only its name. */
export function explainActivation(kernel: string): Explanation {
  const formula = ACTIVATIONS[kernel.replace("Forward", "")];
  if (!formula) return explain(kernel, "", "", "", "");
  return explain("Activation", "B, T, F", `y = ${formula}`, "dx = y′(x) · dy", "The nonlinearity.");
}
