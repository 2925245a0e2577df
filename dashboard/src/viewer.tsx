// Whoever is signed in, for every page: who they are, what they may do, and what points are called here.
import { createContext, useContext } from "react";

import type { ViewerQuery } from "./contract/graphql";
import { counted } from "./formats";

export type Viewer = ViewerQuery["viewer"];

export type Permission =
  | "recognition.give"
  | "policy.edit"
  | "member.edit"
  | "reward.edit"
  | "redemption.decide"
  | "audit.read"
  | "insight.groups"
  | "token.edit";

export const ViewerContext = createContext<Viewer | null>(null);

export function useViewer(): Viewer {
  const viewer = useContext(ViewerContext);
  if (viewer === null) throw new Error("a page is drawn before anybody has signed in");
  return viewer;
}

export function useMay(permission: Permission): boolean {
  return useViewer().permissions.includes(permission);
}

/** Points in the organization's own word: "30 points". */
export function usePoints(): (value: number) => string {
  const { singular, plural } = useViewer().organization.currency;
  return (value) => counted(value, singular, plural);
}
