/**
 * Reuses device memory by position instead of by reference count.
 *
 * A training step allocates the same sizes in the same order every time. The pool therefore keeps one list of buffers
 * for each size and a cursor into it: allocating hands out the buffer at the cursor, entering a scope saves the cursors,
 * leaving it restores them. Every step gets the same buffers in the same order, so whatever was prepared for
 * them (bind groups, on WebGPU) is found again, nothing is counted, and nothing can leak.
 *
 * @module
 */

/** Hands out buffers that come back when the scope they were taken in ends. */
export class BufferPool<Buffer> {
  readonly #create: (size: number) => Buffer;
  readonly #lists: Map<number, { buffers: Buffer[]; cursor: number }> = new Map();
  readonly #scopes: { list: { cursor: number }; cursor: number }[][] = [];

  /**
   * Makes an empty pool.
   *
   * @param create Makes a new buffer of a size, when the pool has none to hand out.
   */
  constructor(create: (size: number) => Buffer) {
    this.#create = create;
  }

  /** Whether a scope is open, that is whether {@linkcode BufferPool.take} may be called. */
  get scoped(): boolean {
    return this.#scopes.length > 0;
  }

  /**
   * A buffer of exactly `size`, taken until the innermost scope ends.
   *
   * @param size Size, in the unit of the `create` function.
   * @returns The buffer; its content is whatever was left in it.
   */
  take(size: number): Buffer {
    let list = this.#lists.get(size);
    if (list === undefined) this.#lists.set(size, list = { buffers: [], cursor: 0 });
    if (list.cursor === list.buffers.length) list.buffers.push(this.#create(size));
    return list.buffers[list.cursor++];
  }

  /**
   * Runs `body`; buffers taken in it are free again afterwards, also when it throws.
   *
   * @param body What to run. A promise is refused: the scope would end before the work.
   * @returns What `body` returns.
   * @throws {TypeError} If `body` returns a promise.
   */
  scope<Result>(body: () => Result): Result {
    this.#scopes.push([...this.#lists.values()].map((list) => ({ list, cursor: list.cursor })));
    const count = this.#lists.size; // lists made by the body begin at 0
    try {
      const result = body();
      if (result instanceof Promise) {
        throw new TypeError("Cannot run an asynchronous scope: its memory would be reused before it ends");
      }
      return result;
    } finally {
      for (const { list, cursor } of this.#scopes.pop()!) list.cursor = cursor;
      for (const list of [...this.#lists.values()].slice(count)) list.cursor = 0;
    }
  }
}
