import { assertEquals } from "@std/assert";
import { ratedTeraflops } from "../bench/gpu/rates.ts";

Deno.test("devices are found by what drivers call them, and those with longer names are others", () => {
  const rates: Record<string, number | undefined> = {
    "NVIDIA H200": 67,
    "NVIDIA H200 NVL": 60,
    "NVIDIA H100 80GB HBM3": 67,
    "NVIDIA H100 PCIe": 51,
    "NVIDIA A100-SXM4-80GB": 19.5,
    "NVIDIA A10": 31.2,
    "NVIDIA L4": 30.3,
    "NVIDIA L40": 90.5,
    "NVIDIA L40S": 91.6,
    "Tesla T4": 8.1,
    "NVIDIA GeForce RTX 4090": 82.6,
    "NVIDIA GeForce RTX 4090 Laptop GPU": undefined,
    "NVIDIA GeForce RTX 3090": 35.6,
    "NVIDIA GeForce RTX 3090 Ti": 40,
    "NVIDIA GeForce RTX 3060 Ti": undefined,
    "Apple M1": 2.6,
    "Apple M1 Max": 10.4,
    "Apple M1 Ultra": undefined,
    "Apple M2 Pro": 6.8,
    "llvmpipe (LLVM 15.0.6, 256 bits)": undefined,
  };
  for (const [device, rate] of Object.entries(rates)) assertEquals(ratedTeraflops(device), rate, device);
});
