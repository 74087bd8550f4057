/** The rooms of the web app: app composes; a feature knows no other feature; sync, ui and wire know no feature. */
module.exports = {
  forbidden: [
    { name: "no-circular", severity: "error", from: {}, to: { circular: true } },
    { name: "no-unresolved", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "no-orphans",
      severity: "error",
      from: { orphan: true, pathNot: "(\\.d\\.ts$|\\.test\\.tsx?$)" },
      to: {},
    },
    {
      name: "feature-knows-no-other-feature",
      severity: "error",
      from: { path: "^src/features/([^/]+)/" },
      to: { path: "^src/features/", pathNot: "^src/features/$1/" },
    },
    {
      name: "only-app-composes",
      severity: "error",
      from: { path: "^src/(features|sync|ui|wire)/" },
      to: { path: "^src/app/" },
    },
    {
      name: "rooms-below-know-no-feature",
      severity: "error",
      from: { path: "^src/(sync|ui|wire)/" },
      to: { path: "^src/features/" },
    },
    { name: "ui-knows-no-sync", severity: "error", from: { path: "^src/ui/" }, to: { path: "^src/sync/" } },
    { name: "sync-knows-no-ui", severity: "error", from: { path: "^src/sync/" }, to: { path: "^src/ui/" } },
    { name: "wire-knows-nothing", severity: "error", from: { path: "^src/wire/", pathNot: "\\.test\\.ts$" }, to: { path: "^(src|node_modules)/", pathNot: "^src/wire/" } },
    {
      name: "chart-stays-lazy",
      comment: "d3 is reached through the chart alone, which is a chunk of its own",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/ui/chart/" },
      to: { path: "node_modules/(@types/)?d3-" },
    },
    {
      name: "live-socket-has-one-owner",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/sync/" },
      to: { path: "node_modules/centrifuge" },
    },
    {
      name: "no-test-code-in-the-app",
      severity: "error",
      from: { path: "^src/", pathNot: "\\.test\\.tsx?$" },
      to: { path: "(\\.test\\.tsx?$|node_modules/(vitest|happy-dom|@testing-library))" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "default"] },
  },
};
