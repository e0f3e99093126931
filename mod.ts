export * from "./core/backend.ts";
export * from "./core/cpu_backend.ts";
export * from "./core/webgpu_backend.ts";
export * from "./core/open_backend.ts";
export * from "./core/tensor.ts";
export * from "./core/tape.ts";
export { matmul } from "./kernels/matmul.ts";
