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

/** Enables or disables a button. A disabled one keeps the focus, so that a keyboard does not lose its place. */
export function enable(id: string, enabled: boolean): void {
  element(id).ariaDisabled = `${!enabled}`;
}

/** Whether a button is enabled. */
export const isEnabled = (id: string): boolean => element(id).ariaDisabled !== "true";

/** Calls an action when a button is clicked that is enabled. */
export function onClick(id: string, action: () => void): void {
  element(id).addEventListener("click", () => isEnabled(id) && action());
}
