import { defineConfig } from "vite";

// Names without hashes: the committed build changes only where the source does.
export default defineConfig({
  base: "/",
  build: {
    outDir: "../listening_room/assets",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    reportCompressedSize: true,
    rollupOptions: {
      input: { page: "index.html", engine: "src/engine/processor.ts" },
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js", assetFileNames: "[name][extname]" },
    },
  },
  esbuild: { legalComments: "none" },
});
