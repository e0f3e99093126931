/**
 * What is said about the speed of a run before its first step: how long it will take, and what would shorten it.
 *
 * @module
 */
import type { Backend } from "../../core/backend.ts";
import { allocateParameters } from "../../core/module.ts";
import { estimateFlops } from "../../training/flops.ts";
import { TrainingRun } from "../../training/train.ts";
import { type Ahead, describeForecast, forecastRun } from "../cost/forecast.ts";
import { productSize } from "../cost/products.ts";
import { SpeedMeter } from "../cost/speed_meter.ts";
import type { Fact, Recipe } from "./recipe.ts";

/** From this many seconds on, the flags that shorten a run are named. */
const LONG = 30 * 60;

/** Measures how long the steps ahead will take. A dry run has no training run: one without values serves as well. */
export async function lookAhead(recipe: Recipe, backend: Backend, { run, resumed, stopAfter = Infinity }: {
  readonly run?: TrainingRun;
  readonly resumed?: { readonly step: number };
  readonly stopAfter?: number;
}): Promise<{ fact: Fact; meter: SpeedMeter; rehearsed: boolean }> {
  const { model, batches, validation, state: { settings, command } } = recipe;
  const { batchSize, contextLength, accumulation, evaluationInterval } = settings;
  const flops = accumulation * estimateFlops(model.config, batches.at(0), model.experiment);
  const first = resumed?.step ?? 0, last = Math.max(first, Math.min(settings.steps, stopAfter));
  const interval = evaluationInterval === "epoch"
    ? batches.batchesPerEpoch / accumulation
    : evaluationInterval;
  // where epochs are shorter than a step, several end with one
  const validated = (step: number) => (step === settings.steps ? Math.ceil : Math.floor)(step / interval);
  let rehearsing = run;
  const ahead: Ahead = {
    ...{ backend, flops, steps: last - first },
    validations: Math.min(last - first, validated(last) - validated(first)),
    // the forward pass of a batch is a third of a step; a classifier is measured twice, for its loss and for its scores
    stepsPerValidation: validation.length * (recipe.scores ? 2 : 1) / accumulation / 3,
    rehearse() {
      rehearsing ??= new TrainingRun(backend, model, batches, settings, {
        store: allocateParameters(backend, model),
      });
      return rehearsing.rehearse();
    },
  };
  const forecast = await forecastRun(ahead), { productSpeed: flopsPerSecond, seconds, rehearsed } = forecast;
  const products = flopsPerSecond === undefined ? undefined : { flopsPerSecond, size: productSize(backend) };
  const meter = new SpeedMeter({ tokens: batchSize * contextLength * accumulation, flops, products });
  const advice = seconds > LONG
    ? `; for a shorter run, ${shorter(command, resumed !== undefined, backend)}`
    : "";
  return { fact: ["time", describeForecast(forecast, ahead) + advice], meter, rehearsed };
}

/** What makes a run shorter, with its flags. */
function shorter(command: string | undefined, isResumed: boolean, { name, adapterClass }: Backend): string {
  const length = command === "finetune" ? "fewer --epochs" : "fewer --steps or --epochs";
  const sizes = isResumed || command === "finetune" ? "" : ", a smaller --context-length or --model-dim";
  if (adapterClass === "hardware") return length + sizes;
  return `${length}${sizes}, or ${name === "cpu" ? "--device wasm" : "a GPU"}`;
}
