/**
 * How every page begins: a whole document, stand-alone, that may fetch nothing.
 *
 * @module
 */

/** What pages differ in. */
export interface PageBeginning {
  /** The title, as HTML. */
  readonly heading: string;
  /** CSS. */
  readonly style: string;
  /** Whether the page has a script. */
  readonly isScripted?: boolean;
}

/** The text of a page up to the beginning of its body. Its policy allows what stands in it, and no address at all. */
export function pageBeginning({ heading, style, isScripted = false }: PageBeginning): string {
  const policy = `default-src 'none'; style-src 'unsafe-inline'${
    isScripted ? "; script-src 'unsafe-inline'" : ""
  }`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<title>${heading}</title>
<style>${style}</style>
</head>
<body>
`;
}
