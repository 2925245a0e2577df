// One's own points: what one may give, what one has received, and every movement.
import { Anchor, Button, Collapse, List, Paper, Progress, SimpleGrid, Text, Title, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";

import { date, number } from "../formats";
import { messages } from "../messages";
import { Page } from "../shell/Page";
import { usePoints, useViewer, type Viewer } from "../viewer";
import { History } from "./History";

export function PointsPage() {
  const { member } = useViewer();
  return (
    <Page title={messages.wallet.title} lead={messages.wallet.lead} width={860}>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Allowance allowance={member.allowance} />
        <Wallet wallet={member.wallet} />
      </SimpleGrid>
      <Title order={2} mt="sm">
        {messages.wallet.history}
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
    <Paper component="section" aria-label={messages.wallet.allowance}>
      <Text c="dimmed">{messages.wallet.allowance}</Text>
      <Text fz={40} fw={650} lh={1.2} className="numbers">
        {number(remaining)}{" "}
        <Text span c="dimmed" fw={400}>
          {messages.wallet.allowanceOf(number(total))}
        </Text>
      </Text>
      {total > 0 && <Progress mt="sm" size={6} value={(remaining / total) * 100} aria-label={messages.wallet.allowance} />}
      <Text c="dimmed" fz="sm" mt="sm">
        {allowance && total > 0 ? messages.wallet.renews(date(allowance.resetsAt)) : messages.wallet.noAllowance}
      </Text>
      {allowance && allowance.explanation.length > 0 && (
        <>
          <UnstyledButton className="quiet" mt="xs" aria-expanded={open} onClick={toggle}>
            {messages.wallet.why}
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
    <Paper component="section" aria-label={messages.wallet.balance}>
      <Text c="dimmed">{messages.wallet.balance}</Text>
      <Text fz={40} fw={650} lh={1.2} className="numbers">
        {number(wallet?.balance ?? 0)}
      </Text>
      <Text c="dimmed" fz="sm" mt="sm">
        {pending > 0 ? messages.wallet.pending(points(pending)) : messages.wallet.nonePending}
      </Text>
      <Anchor component={Link} to="/rewards" underline="never">
        <Button component="span" variant="light" mt="md" size="sm">
          {messages.wallet.spend}
        </Button>
      </Anchor>
    </Paper>
  );
}
