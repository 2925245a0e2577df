// Builds the page into the server's folder; while developing, asks the server on port 8000.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  base: "/app/",
  plugins: [react()],
  build: {
    outDir: "../app/static/dist",
    emptyOutDir: true,
    // The policy lets in no data: scripts or fonts, and small pictures gain nothing from being written out.
    assetsInlineLimit: 0,
    // Charts are large, and loaded by their own page only.
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/graphql": "http://127.0.0.1:8000", "/pictures": "http://127.0.0.1:8000" } },
});
