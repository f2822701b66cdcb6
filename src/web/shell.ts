import { createHash } from "node:crypto";

/** Where modules of packages are that the page imports, by the name it imports them under. */
export const IMPORTS = {
  preact: "/modules/preact.js",
  "preact/hooks": "/modules/preact-hooks.js",
  "preact/jsx-runtime": "/modules/preact-jsx-runtime.js",
  uplot: "/modules/uplot.js",
} as const;

const importMap = JSON.stringify({ imports: IMPORTS });

/** The page before its script runs: nothing in it comes from a run. */
export const SHELL = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>amlc runs</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page/style.css">
<script type="importmap">${importMap}</script>
<script type="module" src="/page/main.js"></script>
</head>
<body>
<div id="app"></div>
<noscript>This page draws runs with JavaScript; "amlc report" and "amlc compare --html" write pages without.</noscript>
</body>
</html>
`;

const importMapHash = createHash("sha256").update(importMap).digest("base64");

/** Nothing but what this server sends is loaded, and no script in a run's name or cell can run. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `script-src 'self' 'sha256-${importMapHash}'`,
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");
