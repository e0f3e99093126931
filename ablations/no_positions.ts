/**
 * A GPT or a RoBERTa without position embeddings.
 *
 *     GPT and RoBERTa   x = embedding of the token + embedding of its position
 *     here              x = embedding of the token
 *
 * Attention takes a weighted mean of values, and a mean has no order. A GPT still has a trace of it: position t averages
 * over t + 1 values. In a RoBERTa every position sees all others, so a text is a bag of tokens.
 *
 * @module
 */
import { NoPositions, type PositionsFactory } from "@miniformer/miniformer";

/** Adds nothing to the embedded tokens. */
export const positions: PositionsFactory = () => new NoPositions();
