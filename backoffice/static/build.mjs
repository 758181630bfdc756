// Builds static/dist from static/src: hashed names, one icon sprite, manifest.json (read by backoffice/assets.py).
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const src = path.join(here, "src");
const dist = path.join(here, "dist");
// Built beside and moved at the end: a server that runs meanwhile never sees half a build.
const fresh = path.join(here, `dist-${process.pid}`);
const files = {};

const hashed = (name, content) => {
  const { name: stem, ext } = path.parse(name);
  const digest = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  return `${stem}-${digest}${ext}`;
};

const put = (name, content) => {
  files[name] = hashed(name, content);
  writeFileSync(path.join(fresh, files[name]), content);
};

const sprite = () => {
  const icons = readFileSync(path.join(src, "icons", "icons.txt"), "utf8").split(/\s+/).filter(Boolean).sort();
  const folder = path.join(here, "..", "..", "node_modules", "bootstrap-icons", "icons");
  const symbols = icons.map((name) => {
    const svg = readFileSync(path.join(folder, `${name}.svg`), "utf8");
    const inner = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").trim();
    return `<symbol id="${name}" viewBox="0 0 16 16">${inner}</symbol>`;
  });
  put("icons.svg", `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`);
  return icons;
};

const bundle = async () => {
  const entry = (name) => path.join(src, name);
  const result = await build({
    entryPoints: {
      site: entry("js/site.js"), player: entry("js/player.js"), upload: entry("js/upload.js"), outline: entry("js/outline.js"),
      autosave: entry("js/autosave.js"), crop: entry("js/crop.js"),
      admin: entry("js/admin.js"), "follow-upload": entry("js/follow-upload.js"),
      "site-style": entry("css/site.css"), "admin-style": entry("css/admin.css"),
    },
    outdir: fresh,
    entryNames: "[name]-[hash]",
    assetNames: "assets/[name]-[hash]",
    publicPath: "/static/dist",
    bundle: true, minify: true, metafile: true, sourcemap: false, legalComments: "linked",
    // Plain scripts: Flask-Admin writes its own <script> tags, which do not say type="module".
    format: "iife", target: ["es2022"], charset: "utf8",
    // The worker of hls.js is a file of its own, because the policy allows no script from a blob.
    loader: { ".woff2": "file", ".worker.js": "file" },
  });
  for (const [output, about] of Object.entries(result.metafile.outputs)) {
    const name = path.relative(fresh, path.resolve(output));
    if (about.entryPoint) files[path.basename(about.entryPoint)] = name;
    else if (name.startsWith("assets/") && name.endsWith(".woff2")) files[path.basename(Object.keys(about.inputs)[0])] = name;
  }
};

rmSync(fresh, { recursive: true, force: true });
mkdirSync(fresh, { recursive: true });
await bundle();
const icons = sprite();
put("favicon.svg", readFileSync(path.join(src, "icons", "favicon.svg")));
writeFileSync(path.join(fresh, "manifest.json"), JSON.stringify({ files, icons }, null, 2) + "\n");
mkdirSync(dist, { recursive: true });
cpSync(fresh, dist, { recursive: true, filter: (from) => path.basename(from) !== "manifest.json" });
// The manifest goes last and whole; then what no longer belongs is swept.
renameSync(path.join(fresh, "manifest.json"), path.join(dist, "manifest.json"));
const keep = new Set(readdirSync(fresh, { recursive: true }).map(String));
for (const name of readdirSync(dist, { recursive: true }).map(String)) {
  if (name !== "manifest.json" && !keep.has(name)) rmSync(path.join(dist, name), { recursive: true, force: true });
}
rmSync(fresh, { recursive: true, force: true });
console.log(`built ${Object.keys(files).length} files, ${icons.length} icons into ${path.relative(process.cwd(), dist)}`);
