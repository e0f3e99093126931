import { assert, assertEquals } from "@std/assert";
import { attentionFrame, attentionPage } from "../plots/attention_page.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "../plots/attention_page_parts.ts";

type Listener = (event: Record<string, unknown>) => void;

/** As much of an element as the page uses. */
class Part {
  value: string | number = "";
  textContent = "";
  disabled = false;
  max = 0;
  style = {};
  readonly options: unknown[] = [];
  readonly listeners: Record<string, Listener> = {};
  append(option: unknown) {
    this.options.push(option);
  }
  addEventListener(name: string, listener: Listener) {
    this.listeners[name] = listener;
  }
  setAttribute() {}
  getBoundingClientRect() {
    return { left: 0, top: 0, width: 50, height: 20 };
  }
  click() {
    this.listeners.click({});
  }
}

/** Runs a page without a browser, and records the squares that it draws: `x,y,size,colour`. */
function open(html: string) {
  const squares: string[] = [], texts: string[] = [], parts: Record<string, Part> = {};
  const context = {
    fillStyle: "",
    measureText: (text: string) => ({ width: 6 * text.length }),
    fillRect(x: number, y: number, width: number, height: number) {
      if (width === height) squares.push(`${x},${y},${width},${this.fillStyle}`);
    },
    fillText: (text: string) => texts.push(text),
    ...Object.fromEntries(
      ["scale", "save", "restore", "translate", "rotate", "strokeRect"].map((name) => [name, () => {}]),
    ),
  };
  const canvas = Object.assign(new Part(), { getContext: () => context });
  parts.maps = canvas;
  const part = (id: string) => parts[id] ??= new Part();
  const listeners: Record<string, Listener> = {};
  class Option {
    constructor(readonly text: unknown, readonly value: unknown) {}
  }
  const globals = {
    document: { getElementById: part },
    Option,
    ...{ innerWidth: 1200, innerHeight: 800, devicePixelRatio: 2 },
    requestAnimationFrame: () => {},
    addEventListener: (name: string, listener: Listener) => listeners[name] = listener,
  };
  const scripts = [...html.matchAll(/<script>([^]*?)<\/script>/g)].map(([, script]) => script);
  part("step").value = 0;
  const render = new Function(...Object.keys(globals), `${scripts.join("\n")}; return render;`)(
    ...Object.values(globals),
  );
  const draw = () => {
    squares.length = texts.length = 0;
    render();
  };
  return { part, listeners, draw, squares, texts };
}

const options = { title: "mine", tokens: ["a", "b"], layers: 2, heads: 1 };
const frame = (step: number, weight: number) =>
  attentionFrame(
    step,
    [0, 1].map((layer) => ({
      ...{ layer, head: 0 },
      weights: Float32Array.of(1, 0, weight, 1 - weight),
    })),
  );

Deno.test("the page draws the newest step, and the one that the slider is at", () => {
  const page = open(attentionPage(options) + frame(0, 0.5) + frame(100, 1));
  const { part, draw, squares } = page;
  draw();
  assertEquals([part("step").value, part("step").max, part("shown").textContent], [1, 1, "100"]);
  const at = (): string[][] => squares.map((square) => square.split(/,(?=rgb)/)).slice(1);
  const [first, second] = at();
  assertEquals(first[1], second[1], "both have weight 1");
  part("step").value = 0;
  draw();
  assertEquals(part("shown").textContent, "0");
  assert(at()[1][1] !== at()[0][1], "0.5 has another colour than 1");
  assertEquals(squares.length, 2 + 2 * 3, "two maps, of which a square has weight 0");
});

Deno.test("a frame of another size and a page without frames do no harm", () => {
  const none = open(attentionPage(options));
  none.draw();
  assertEquals(none.part("shown").textContent, "no steps yet");
  const wrong = open(attentionPage(options) + frame(1, 1) + '<script>frame(2,"AAAA")</script>\n');
  assertEquals(wrong.part("step").max, 0);
  wrong.draw();
  assertEquals(wrong.part("shown").textContent, "1");
});

Deno.test("a layer can be chosen, arrow keys say the weight of a square, and Escape shows all maps", () => {
  const { part, listeners, draw, squares, texts } = open(attentionPage(options) + frame(7, 0.25));
  assertEquals(part("layer").options.length, 3, "all, 1, 2");
  part("layer").value = 1;
  draw();
  assertEquals(squares.length, 1 + 3);
  assert(texts.includes("layer 2") && !texts.includes("layer 1"), texts.join());
  const press = (key: string) => part("maps").listeners.keydown({ key, preventDefault() {} });
  press("ArrowDown");
  assertEquals(part("pointed").textContent, "layer 2, head 1\nquery 1: a\nkey 1: a\nweight 1.00");
  for (const key of ["ArrowDown", "ArrowDown", "ArrowLeft"]) press(key);
  assertEquals(part("pointed").textContent, "layer 2, head 1\nquery 2: b\nkey 1: a\nweight 0.25");
  listeners.keydown({ key: "Escape" });
  assertEquals([part("layer").value, part("head").value], ["", ""]);
});

Deno.test("the parts fit into a page", () => {
  for (const part of [PAGE_SCRIPT, PAGE_STYLE]) assertEquals(part.match(/<\/|<!--/), null);
});
