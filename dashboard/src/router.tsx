// The addresses of the page. What is filtered stands in them, so that a link shows the same to whoever opens it.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";

import { FeedPage } from "./feed/FeedPage";
import { readRange } from "./insights/ranges";
import { Nowhere } from "./shell/Nowhere";
import { Shell } from "./shell/Shell";

const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

const root = createRootRoute({ component: Shell, notFoundComponent: Nowhere });

const feed = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: (search): { give?: true | undefined; value?: string | undefined } => ({
    give: search["give"] === true ? true : undefined,
    value: text(search["value"]),
  }),
  component: FeedPage,
});

const points = createRoute({
  getParentRoute: () => root,
  path: "/points",
  component: lazyRouteComponent(() => import("./points/PointsPage"), "PointsPage"),
});

const rewards = createRoute({
  getParentRoute: () => root,
  path: "/rewards",
  validateSearch: (search): { show?: "mine" | undefined } => ({ show: search["show"] === "mine" ? "mine" : undefined }),
  component: lazyRouteComponent(() => import("./rewards/RewardsPage"), "RewardsPage"),
});

const insights = createRoute({
  getParentRoute: () => root,
  path: "/insights",
  validateSearch: (search): { from?: string | undefined; to?: string | undefined; group?: string | undefined } => ({
    ...readRange(search),
    group: text(search["group"]),
  }),
  component: lazyRouteComponent(() => import("./insights/InsightsPage"), "InsightsPage"),
});

const approvals = createRoute({
  getParentRoute: () => root,
  path: "/approvals",
  validateSearch: (search): { show?: "deliver" | undefined } => ({ show: search["show"] === "deliver" ? "deliver" : undefined }),
  component: lazyRouteComponent(() => import("./approvals/ApprovalsPage"), "ApprovalsPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([feed, points, rewards, insights, approvals]),
  basepath: "/app",
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
