/**
 * The elements of index.html, by their id and with their class.
 *
 * @module
 */

/** The element of an id. It throws where index.html has none, or one of another class. */
export function element<Class extends HTMLElement = HTMLElement>(
  id: string,
  type: new () => Class = HTMLElement as unknown as new () => Class,
): Class {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`index.html has no ${type.name} with the id ${id}`);
}

/** The value of the radio button that is chosen. */
export function chosen(form: HTMLFormElement, name: string): string {
  return new FormData(form).get(name) as string;
}

/** Shows or hides an element. */
export function show(id: string, visible: boolean): void {
  element(id).hidden = !visible;
}

/** Sets the text of an element. */
export function write(id: string, text: string): void {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}
