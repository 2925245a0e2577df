// Where a redemption stands, in a word.
import { Badge } from "@mantine/core";

import type { RedemptionStatus } from "../contract/graphql";
import { rewardsMessages } from "./messages";

const COLOURS: Record<RedemptionStatus, string> = {
  PENDING_APPROVAL: "orange",
  TO_FULFIL: "iris",
  FULFILLED: "teal",
  CANCELLED: "gray",
  REJECTED: "red",
  REFUNDED: "gray",
};

export function Status({ status }: { status: RedemptionStatus }) {
  const colour = COLOURS[status];
  return (
    <Badge
      tt="none"
      fw={550}
      size="lg"
      fz="xs"
      variant="light"
      styles={{
        root: {
          flexShrink: 0,
          background: `light-dark(var(--mantine-color-${colour}-0), color-mix(in srgb, var(--mantine-color-${colour}-7) 22%, transparent))`,
          color: `light-dark(color-mix(in srgb, var(--mantine-color-${colour}-9) 75%, black), var(--mantine-color-${colour}-2))`,
        },
      }}
    >
      {rewardsMessages.statuses[status]}
    </Badge>
  );
}
