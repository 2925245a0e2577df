// One reward in the catalog: what it is, what it costs, and whether one can have it.
import { Button, Group, Paper, Stack, Text, Title } from "@mantine/core";

import type { RewardsQuery } from "../contract/graphql";
import { rewardsMessages } from "./messages";
import { usePoints, useViewer } from "../viewer";
import { Picture } from "./Picture";

export type Reward = RewardsQuery["rewards"]["nodes"][number];

const FEW = 5;

export function RewardCard({ reward, choose }: { reward: Reward; choose: () => void }) {
  const points = usePoints();
  const { member } = useViewer();
  const missing = reward.pricePoints - (member.wallet?.balance ?? 0);
  const soldOut = reward.stock === 0;
  const facts = [
    rewardsMessages.kinds[reward.kind],
    reward.requiresApproval ? rewardsMessages.approval : null,
    reward.stock !== null && reward.stock > 0 && reward.stock <= FEW ? rewardsMessages.few(reward.stock) : null,
  ];
  return (
    <Paper component="article" p={0} style={{ overflow: "hidden", display: "flex", flexDirection: "column" }}>
      <Picture imageUrl={reward.imageUrl} faded={soldOut} />
      <Stack gap={6} p="md" flex={1}>
        <Title order={2} size="h3">{reward.name}</Title>
        <Text fz="xs" c="dimmed">
          {facts.filter(Boolean).join(" · ")}
        </Text>
        <Text fz="sm" c="dimmed" lineClamp={2}>
          {reward.description}
        </Text>
        <Group justify="space-between" mt="auto" pt="xs" wrap="nowrap">
          <Text fw={650} className="numbers">
            {reward.pricePoints === 0 ? rewardsMessages.free : points(reward.pricePoints)}
          </Text>
          {soldOut || missing > 0 ? (
            <Text fz="sm" c="dimmed" lh="2.25rem">
              {soldOut ? rewardsMessages.soldOut : rewardsMessages.missing(points(missing))}
            </Text>
          ) : (
            <Button variant="light" aria-label={rewardsMessages.redeemNamed(reward.name)} onClick={choose}>
              {rewardsMessages.redeem}
            </Button>
          )}
        </Group>
      </Stack>
    </Paper>
  );
}
