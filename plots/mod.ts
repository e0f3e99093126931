/**
 * Pictures of training and of models, as SVG text, PNG and HTML: the commands draw with the same functions.
 *
 * @example The loss curve of a run, from the records that `train` yields
 * ```ts
 * import { lossCurve, toPng } from "@miniformer/miniformer/plots";
 *
 * const records = [{ step: 1, loss: 3.2 }, { step: 2, loss: 2.4, validationLoss: 2.5 }];
 * const svg = await lossCurve(records, { title: "my run" });
 * const png = await toPng(svg);
 * console.log(`${svg.length} characters, ${png.length} bytes`);
 * ```
 *
 * @module
 */

export { attentionFrame, attentionPage, type AttentionPageOptions } from "./attention_page.ts";
export { attentionPlot } from "./attention_plot.ts";
export { colouredPage } from "./coloured_page.ts";
export { colouredPlot } from "./coloured_plot.ts";
export { type ColouredTextOptions, type ColouredToken, MOST_COLOURED } from "./coloured_text.ts";
export { confusionPlot } from "./confusion_plot.ts";
export { type Curve, curvesPlot, type CurvesPlotOptions } from "./curves_plot.ts";
export { lossCurve, type LossCurveOptions, type LossRecord } from "./loss_curve.ts";
export { skillsPlot, type SkillsPlotOptions, type SkillsRecord } from "./skills_plot.ts";
export { toPng } from "./png.ts";
export { scalingPlot, type ScalingPlotOptions, type ScalingPoint } from "./lab/scaling_plot.ts";
export {
  type BandPoint,
  type VariantPanel,
  variantsPlot,
  type VariantsPlotOptions,
} from "./lab/variants_plot.ts";
export type { AttentionMap } from "../inference/attention_maps.ts";
export type { ConfusionMatrix } from "../training/classification_metrics.ts";
