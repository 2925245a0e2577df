// What giving would cost, and why it would be refused: said while the form is filled in.
import { Group, List, Stack, Text } from "@mantine/core";
import { CircleAlert, Wallet } from "lucide-react";

import type { CheckGivingQuery } from "../contract/graphql";
import { since } from "../formats";
import { giveMessages } from "./messages";
import { usePoints } from "../viewer";

type Check = CheckGivingQuery["givingCheck"];

export function Verdict(props: { check: Check | undefined; checking: boolean; refusal: string | null; remaining: string }) {
  const { check, refusal, remaining, checking } = props;
  const points = usePoints();
  const noes = check?.rules.filter((rule) => !rule.allowed) ?? [];
  const costs = () => {
    if (check === undefined) return giveMessages.remaining(remaining);
    if (check.totalCost === 0) return giveMessages.free;
    if (check.remainingAfter < 0) return giveMessages.overspent(points(check.totalCost), points(check.totalCost + check.remainingAfter));
    return giveMessages.costs(points(check.totalCost), points(check.remainingAfter));
  };
  return (
    <Stack gap="xs" className="verdict" aria-live="polite" style={{ opacity: checking && check ? 0.6 : 1 }}>
      <Group gap="xs" wrap="nowrap" c={check && check.remainingAfter < 0 ? "var(--plaudit-bad)" : undefined}>
        <Wallet size={17} aria-hidden />
        <Text fz="sm" fw={500}>
          {costs()}
        </Text>
      </Group>
      {noes
        .filter((rule) => rule.rule !== "allowance")
        .map((rule) => (
          <No key={rule.rule}>
            {rule.explanation} {rule.availableAgainAt && giveMessages.again(since(rule.availableAgainAt))}
          </No>
        ))}
      {refusal && <No>{refusal}</No>}
      {check && check.leftOut.length > 0 && (
        <div>
          <Text fz="sm">{giveMessages.leftOut}</Text>
          <List fz="sm" c="dimmed">
            {check.leftOut.map((one) => (
              <List.Item key={one.member.id}>
                {one.member.displayName}: {one.message}
              </List.Item>
            ))}
          </List>
        </div>
      )}
    </Stack>
  );
}

function No({ children }: { children: React.ReactNode }) {
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start" c="var(--plaudit-bad)">
      <CircleAlert size={17} aria-hidden style={{ flexShrink: 0, marginTop: 2 }} />
      <Text fz="sm">{children}</Text>
    </Group>
  );
}
