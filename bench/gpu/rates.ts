/**
 * How many 32-bit floating-point operations a second GPUs are built for, outside of their matrix units, which WebGPU does
 * not reach: what their makers state for the largest clock, a multiplication and an addition counted as two.
 *
 * Sources: NVIDIA's data sheets of the H200, H100, A100, L40S, L4, A10, A30, A40, T4 and V100 ("FP32"); its architecture
 * papers of Turing, Ampere, Ada and Blackwell for GeForce and RTX cards ("peak FP32 TFLOPS, non-Tensor"); AMD's product
 * pages ("peak single precision"); Apple's announcements of the M1 and M2 families.
 *
 * @module
 */

/** Names as drivers write them, and TFLOP/s. The first that matches counts, so a longer name stands before a shorter one. */
const RATES: readonly (readonly [name: RegExp, teraflops: number])[] = [
  [/\bH200 NVL\b/, 60],
  [/\bH200\b/, 67],
  [/\bH100 NVL\b/, 60],
  [/\bH100 PCIe\b/, 51],
  [/\bH100\b/, 67],
  [/\bA100\b/, 19.5],
  [/\bL40S\b/, 91.6],
  [/\bL40\b/, 90.5],
  [/\bL4\b/, 30.3],
  [/\bA40\b/, 37.4],
  [/\bA30\b/, 10.3],
  [/\bA10\b/, 31.2],
  [/\bT4\b/, 8.1],
  [/\bV100S\b/, 16.4],
  [/\bV100[- ]PCIE/i, 14],
  [/\bV100\b/, 15.7],
  [/\bRTX 6000 Ada\b/, 91.1],
  [/\bRTX A6000\b/, 38.7],
  [/\bRTX 5090\b/, 104.8],
  [/\bRTX 4090\b(?! Laptop)/, 82.6],
  [/\bRTX 4080\b(?! (Laptop|SUPER))/, 48.7],
  [/\bRTX 4070\b(?! (Laptop|SUPER|Ti))/, 29.1],
  [/\bRTX 3090 Ti\b/, 40],
  [/\bRTX 3090\b/, 35.6],
  [/\bRTX 3080\b(?! (Laptop|Ti))/, 29.8],
  [/\bRTX 3070\b(?! (Laptop|Ti))/, 20.3],
  [/\bRTX 3060\b(?! (Laptop|Ti))/, 12.7],
  [/\bRTX 2080 Ti\b/, 13.4],
  [/\bMI300X\b/, 163.4],
  [/\bRX 7900 XTX\b/, 61.4],
  [/\bM1 Max\b/, 10.4],
  [/\bM1 Pro\b/, 5.2],
  [/\bM1\b(?! Ultra)/, 2.6],
  [/\bM2 Max\b/, 13.6],
  [/\bM2 Pro\b/, 6.8],
  [/\bM2\b(?! Ultra)/, 3.6],
];

/**
 * The rate that a device is built for.
 *
 * @param device Its name, as the driver writes it.
 * @returns TFLOP/s in 32-bit floats, or undefined where the device is not listed.
 */
export function ratedTeraflops(device: string): number | undefined {
  return RATES.find(([name]) => name.test(device))?.[1];
}
