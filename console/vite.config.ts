import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv } from "vite";

export default defineConfig(({ mode }) => ({
  base: "/console/",
  plugins: [react()],
  build: {
    target: "es2023",
    modulePreload: { polyfill: false },
    // Nothing inline: the policy of the pages allows no data: but for pictures.
    assetsInlineLimit: 0,
    license: { fileName: "licenses.md" },
    // What changes seldom is in files of its own, so that a committed build grows by little.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "react", test: /node_modules\/(react|react-dom|scheduler|use-sync-external-store)\// },
            { name: "flow", test: /node_modules\/(@xyflow|d3-|zustand|classcat|@dagrejs)/ },
            { name: "aria", test: /node_modules\/(react-aria|react-stately|@react-aria|@react-stately|@react-types|@internationalized|@swc)/ },
            { name: "virtual", test: /node_modules\/@tanstack\/(react-virtual|virtual-core)/ },
            { name: "yaml", test: /node_modules\/yaml\// },
            { name: "vendor", test: /node_modules/ },
          ],
        },
      },
    },
  },
  server: { proxy: { "^/(?!console)": { target: loadEnv(mode, ".", "TOUCHLINE_")["TOUCHLINE_API"] ?? "http://127.0.0.1:8080" } } },
}));
