// The ways to the pages, in the order in which people look for them. Each is shown to whoever may go there.
import type { LinkProps } from "@tanstack/react-router";
import { ChartNoAxesCombined, ClipboardCheck, Gift, type LucideIcon, UsersRound, WalletMinimal } from "lucide-react";

import { messages } from "../messages";
import type { Permission, Viewer } from "../viewer";

export type Way = { to: NonNullable<LinkProps["to"]>; label: string; icon: LucideIcon; needs?: Permission };
export type Section = { label: string; ways: Way[] };

const names = messages.ways;

const SECTIONS: Section[] = [
  {
    label: names.everyone,
    ways: [
      { to: "/", label: names.feed, icon: UsersRound },
      { to: "/points", label: names.points, icon: WalletMinimal },
      { to: "/rewards", label: names.rewards, icon: Gift },
      { to: "/insights", label: names.insights, icon: ChartNoAxesCombined },
    ],
  },
  {
    label: names.administration,
    ways: [{ to: "/approvals", label: names.approvals, icon: ClipboardCheck, needs: "redemption.decide" }],
  },
];

export function sectionsFor(viewer: Viewer): Section[] {
  const open = ({ needs }: Way) => needs === undefined || viewer.permissions.includes(needs);
  return SECTIONS.map(({ label, ways }) => ({ label, ways: ways.filter(open) })).filter(({ ways }) => ways.length > 0);
}
