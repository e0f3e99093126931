import { assertEquals } from "@std/assert";
import type { WasmCode } from "../core/wasm/wasm_code.ts";
import type { I32 } from "../core/wasm/wasm_numbers.ts";
import { I32x4 } from "../core/wasm/wasm_vectors.ts";
import { type ATTENTION_CONSTANTS, maskKeys, visible } from "../kernels/attention/attention_mask.ts";
import { HALVES, LANES, Places } from "../kernels/attention/attention_tiles_wasm.ts";
import {
  beginPiece,
  keysSeen,
  lengthInWasm,
  masksOf,
  pairsAt,
  piecesOf,
  queriesSeeing,
  scratchOf,
  type Walk,
} from "../kernels/attention/attention_walk_wasm.ts";
import { runWasm } from "./_wasm.ts";

type Name = typeof ATTENTION_CONSTANTS[number];

const constantsFor = (time: number, causal: number, padded: number) => ({
  batch: 2,
  heads: 2,
  time,
  headDim: 1,
  causal,
  padded,
  threshold: 2 ** 31,
  keepScale: 2,
  stream: 5,
});

/** Calls `store` with every pair of a step and a lane that a walk visits, and whether the lane sees the step. */
function forPairs(
  code: WasmCode<Name>,
  { start, end, partly, hidden }: Walk,
  store: (step: I32, lane: number, seen: I32) => void,
) {
  code.for(start, end, 4, (step) => {
    const hides = [0, 1, 2, 3].map((n) =>
      hidden(code.let(step.plus(n))).map((vector) => code.variable(vector))
    );
    // where all is seen, nothing is looked up
    code.if(partly(step).equals(0), () => hides.flat().forEach((vector) => vector.set(I32x4.of(0))));
    hides.forEach((row, n) =>
      row.forEach(({ value }, h) => {
        for (let lane = 0; lane < 4; lane++) {
          code.if(
            step.plus(n).isLess(end),
            () => store(step.plus(n), 4 * h + lane, value.lane(lane).plus(1)),
          );
        }
      })
    );
  });
}

Deno.test("both walks visit what `visible` says, whatever the time and the lengths", async () => {
  for (const time of [1, 3, 8, 63, 64, 65, 130]) {
    for (
      const [causal, padded, lengths] of [[0, 0, [0, 0]], [1, 0, [0, 0]], [0, 1, [1, 9]], [1, 1, [0, 66]]]
    ) {
      const constants = constantsFor(time, causal as number, padded as number);
      const given = Uint32Array.from(lengths as number[]), { heads, batch } = constants;
      const { byQueries, byKeys } = await runWasm(
        { lengths: given },
        {
          byQueries: new Uint32Array(batch * heads * time * time),
          byKeys: new Uint32Array(batch * heads * time * time),
        },
        [{
          pieces: piecesOf,
          body({ lengths, byQueries, byKeys }, code) {
            for (const rows of ["queries", "keys"]) {
              const piece = beginPiece(code, (head) => lengthInWasm(code, lengths, head), rows === "queries");
              code.for(piece.start, piece.end, LANES, (first) => {
                const walk = (rows === "queries" ? keysSeen : queriesSeeing)(code, first, piece);
                forPairs(code, walk, (step, lane, seen) => {
                  const own = first.plus(lane);
                  code.if(own.isLess(piece.end), () => {
                    if (rows === "queries") {
                      byQueries.store(piece.firstRow.plus(own).times(piece.time).plus(step), seen);
                    } else byKeys.store(piece.firstRow.plus(step).times(piece.time).plus(own), seen);
                  });
                });
              });
            }
          },
        }],
        constants,
      );
      const expected = Uint32Array.from({ length: batch * heads * time * time }, (_, at) => {
        const row = Math.floor(at / time), head = Math.floor(row / time);
        return Number(at % time < visible(head, row % time, given, constants));
      });
      assertEquals(byQueries, expected, `queries of ${JSON.stringify(constants)}, ${lengths}`);
      assertEquals(byKeys, expected, `keys of ${JSON.stringify(constants)}, ${lengths}`);
    }
  }
});

Deno.test("masks are those of the reference, bit for bit", async () => {
  const constants = constantsFor(7, 0, 0), random = Uint32Array.of(0xffffffff, 3, 0x80000000);
  const { masks } = await runWasm(
    { random },
    { masks: new Float32Array(32) },
    [{
      pieces: () => 1,
      body({ random, masks }, code) {
        const rows = code.let(I32x4.from(5)), four = code.let(code.i32("causal").plus(1));
        masksOf(code, random)([{ rows, four }, { rows, four: code.i32("causal") }]).forEach((drawn, n) =>
          drawn.forEach((mask, key) => masks.store4(0, mask, 16 * n + 4 * key))
        );
      },
    }],
    constants,
  );
  const expected = new Float64Array(32);
  [4, 0].forEach((key, n) => {
    for (let query = 0; query < 4; query++) {
      maskKeys(expected, 16 * n + query, 4, 5 + query, key, random, constants);
    }
  });
  assertEquals(masks, Float32Array.from(expected));
});

Deno.test("pairsAt: every pair of four steps has a place of its own, within what scratchOf counts", async () => {
  const constants = constantsFor(8, 0, 0);
  const { pairs } = await runWasm({}, { pairs: new Float32Array(64) }, [{
    pieces: () => 1,
    scratch: scratchOf(0, 0, 1),
    body({ pairs }, code) {
      const scratch = new Places(code).take(64);
      code.for(0, 8, 4, (step) => {
        const at = pairsAt(scratch, step);
        for (const n of [0, 1, 2, 3]) {
          HALVES.forEach((half, h) => {
            const four = I32x4.from(half).plus(step.plus(n).times(8));
            at(n, h).set(four.toF32x4());
          });
        }
        for (const n of [0, 1, 2, 3]) {
          HALVES.forEach((half, h) => pairs.store4(step.plus(n).times(8), at(n, h).value, half));
        }
      });
    },
  }], constants);
  assertEquals([...pairs], Array.from({ length: 64 }, (_, at) => at));
});
