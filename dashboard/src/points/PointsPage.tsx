// One's own points: what one may give, what one has received, and every movement.
import { Anchor, Button, Collapse, List, Paper, Progress, SimpleGrid, Text, Title, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";

import { date, number } from "../formats";
import { pointsMessages } from "./messages";
import { Page } from "../shell/Page";
import { usePoints, useViewer, type Viewer } from "../viewer";
import { History } from "./History";

export function PointsPage() {
  const { member } = useViewer();
  return (
    <Page title={pointsMessages.title} lead={pointsMessages.lead} width={860}>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Allowance allowance={member.allowance} />
        <Wallet wallet={member.wallet} />
      </SimpleGrid>
      <Title order={2} mt="sm">
        {pointsMessages.history}
      </Title>
      <History id={member.id} />
    </Page>
  );
}

function Allowance({ allowance }: { allowance: Viewer["member"]["allowance"] }) {
  const [open, { toggle }] = useDisclosure();
  const total = allowance?.total ?? 0;
  const remaining = allowance?.remaining ?? 0;
  return (
    <Paper component="section" aria-label={pointsMessages.allowance}>
      <Text c="dimmed">{pointsMessages.allowance}</Text>
      <Text fz={40} fw={650} lh={1.2} className="numbers">
        {number(remaining)}{" "}
        <Text span c="dimmed" fw={400}>
          {pointsMessages.allowanceOf(number(total))}
        </Text>
      </Text>
      {total > 0 && <Progress mt="sm" size={6} value={(remaining / total) * 100} aria-label={pointsMessages.allowance} />}
      <Text c="dimmed" fz="sm" mt="sm">
        {allowance && total > 0 ? pointsMessages.renews(date(allowance.resetsAt)) : pointsMessages.noAllowance}
      </Text>
      {allowance && allowance.explanation.length > 0 && (
        <>
          <UnstyledButton className="quiet" mt="xs" aria-expanded={open} onClick={toggle}>
            {pointsMessages.why}
          </UnstyledButton>
          <Collapse expanded={open}>
            <List fz="sm" c="dimmed" mt="xs" spacing={2}>
              {allowance.explanation.map((sentence) => (
                <List.Item key={sentence}>{sentence}</List.Item>
              ))}
            </List>
          </Collapse>
        </>
      )}
    </Paper>
  );
}

function Wallet({ wallet }: { wallet: Viewer["member"]["wallet"] }) {
  const points = usePoints();
  const pending = wallet?.pending ?? 0;
  return (
    <Paper component="section" aria-label={pointsMessages.balance}>
      <Text c="dimmed">{pointsMessages.balance}</Text>
      <Text fz={40} fw={650} lh={1.2} className="numbers">
        {number(wallet?.balance ?? 0)}
      </Text>
      <Text c="dimmed" fz="sm" mt="sm">
        {pending > 0 ? pointsMessages.pending(points(pending)) : pointsMessages.nonePending}
      </Text>
      <Anchor component={Link} to="/rewards" underline="never">
        <Button component="span" variant="light" mt="md" size="sm">
          {pointsMessages.spend}
        </Button>
      </Anchor>
    </Paper>
  );
}
