// Beside the feed: what one has left to give, and what one has to spend.
import { Anchor, Divider, Paper, Progress, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { number, since } from "../formats";
import { pointsMessages } from "../points/messages";
import { feedMessages } from "./messages";
import { usePoints, useViewer } from "../viewer";

export function Purse() {
  const { member } = useViewer();
  const points = usePoints();
  const { allowance, wallet } = member;
  return (
    <Paper component="aside" aria-label={pointsMessages.title} className="beside">
      <Stack gap="md">
        {allowance && (
          <div>
            <Text fz="sm" c="dimmed">
              {feedMessages.yourAllowance}
            </Text>
            <Text fz={30} fw={650} lh={1.2} className="numbers">
              {number(allowance.remaining)}{" "}
              <Text span fz="sm" c="dimmed" fw={400}>
                / {number(allowance.total)}
              </Text>
            </Text>
            {allowance.total > 0 && (
              <Progress value={(allowance.remaining / allowance.total) * 100} size={6} mt={8} aria-label={feedMessages.yourAllowance} />
            )}
            <Text fz="xs" c="dimmed" mt={8}>
              {feedMessages.renews(since(allowance.resetsAt))}
            </Text>
          </div>
        )}
        {allowance && wallet && <Divider />}
        {wallet && (
          <div>
            <Text fz="sm" c="dimmed">
              {feedMessages.yourWallet}
            </Text>
            <Text fz={30} fw={650} lh={1.2} className="numbers">
              {number(wallet.balance)}
            </Text>
            {wallet.pending > 0 && (
              <Text fz="xs" c="dimmed" mt={4}>
                {feedMessages.pending(points(wallet.pending))}
              </Text>
            )}
            <Anchor component={Link} to="/rewards" fz="sm" mt={8} display="inline-block">
              {pointsMessages.spend}
            </Anchor>
          </div>
        )}
      </Stack>
    </Paper>
  );
}
