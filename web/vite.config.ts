import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { createServer, defineConfig, type Plugin } from "vite";

/** Writes x.br and x.gz beside every text file of the build, so that the server never compresses while serving. */
function precompress(): Plugin {
  let folder = "";
  return {
    name: "precompress",
    apply: "build",
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    closeBundle: {
      order: "post",
      sequential: true,
      handler() {
        for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
          if (!entry.isFile() || !/\.(js|css|html|svg|json|webmanifest|txt)$/.test(entry.name)) continue;
          const file = join(entry.parentPath, entry.name);
          const bytes = readFileSync(file);
          if (bytes.length < 512) continue;
          const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
          writeFileSync(`${file}.br`, brotliCompressSync(bytes, brotli));
          writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
        }
        writeFileSync(join(folder, ".keep"), ""); // committed, so that the Go package builds without Node
      },
    },
  };
}

/** Puts the board's first drawing into index.html: what the app itself draws before it knows anything, made by its own components. */
function firstDrawing(): Plugin {
  let root = "";
  return {
    name: "first-drawing",
    apply: "build",
    configResolved(config) {
      root = config.root;
    },
    async transformIndexHtml(html) {
      const server = await createServer({ root, configFile: false, logLevel: "warn", appType: "custom", plugins: [react()], server: { middlewareMode: true, hmr: false, watch: null }, optimizeDeps: { noDiscovery: true, include: [] } });
      try {
        const { still } = (await server.ssrLoadModule("/src/app/still.tsx")) as { still: () => Promise<string> };
        return html.replace('<div id="still"></div>', `<div id="still" inert aria-busy="true">${await still()}</div>`);
      } finally {
        await server.close();
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), tailwindcss(), precompress(), firstDrawing()],
  build: {
    target: "es2022",
    sourcemap: false,
    manifest: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: {
    proxy: {
      "/api": process.env["CREATORFLOW_ADDRESS"] ?? "http://127.0.0.1:8080",
      "/live": { target: process.env["CREATORFLOW_ADDRESS"] ?? "http://127.0.0.1:8080", ws: true },
    },
  },
});
