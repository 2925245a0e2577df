// What waits for an admin: requests to approve, and rewards to deliver.
import { Button, Group, Paper, SegmentedControl, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { CircleCheckBig } from "lucide-react";
import { useMemo, useState } from "react";
import { useQuery } from "urql";

import { RedemptionsDocument, type RedemptionStatus } from "../contract/graphql";
import { approvalsMessages } from "./messages";
import { type PageInfo, Pages } from "../pages";
import type { Redemption } from "../rewards/MyRedemptions";
import { Face } from "../shell/Face";
import { Nowhere } from "../shell/Nowhere";
import { Page } from "../shell/Page";
import { Empty, Loading, Trouble } from "../shell/states";
import { useMay, usePoints, useViewer } from "../viewer";
import { type Decision, DecisionDialog } from "./DecisionDialog";

const route = getRouteApi("/approvals");
const ABOUT = { additionalTypenames: ["Redemption"] };
const text = approvalsMessages;

export type Choose = (kind: Decision["kind"], redemption: Redemption) => void;

export function ApprovalsPage() {
  const { show } = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay("redemption.decide");
  const [decision, setDecision] = useState<Decision | null>(null);
  const status = show === "deliver" ? "TO_FULFIL" : "PENDING_APPROVAL";
  if (!may) return <Nowhere />;
  return (
    <Page
      title={text.title}
      lead={text.lead}
      width={860}
      actions={
        <SegmentedControl
          aria-label={text.sections}
          value={show ?? "pending"}
          onChange={(chosen) => navigate({ search: { show: chosen === "deliver" ? "deliver" : undefined } })}
          data={[
            { value: "pending", label: text.pending },
            { value: "deliver", label: text.deliver },
          ]}
        />
      }
    >
      <Pages
        key={status}
        page={(after, rest) => (
          <Some key={after} status={status} after={after} rest={rest} choose={(kind, redemption) => setDecision({ kind, redemption })} />
        )}
      />
      {decision && <DecisionDialog decision={decision} close={() => setDecision(null)} />}
    </Page>
  );
}

function Some(props: { status: RedemptionStatus; after: string | null; rest: (info: PageInfo) => React.ReactNode; choose: Choose }) {
  const { status, after } = props;
  const variables = useMemo(() => ({ first: 20, after, status }), [after, status]);
  const [{ data, error }, again] = useQuery({ query: RedemptionsDocument, variables, context: ABOUT });
  if (data === undefined) return error ? <Trouble again={() => again({ requestPolicy: "network-only" })} /> : <Loading height={112} />;
  const { nodes, pageInfo } = data.redemptions;
  if (nodes.length === 0 && after === null) return <Empty icon={CircleCheckBig} title={text.empty} why={text.emptyWhy} />;
  return (
    <>
      {nodes.map((redemption) => (
        <Row key={redemption.id} redemption={redemption} choose={props.choose} />
      ))}
      {props.rest(pageInfo)}
    </>
  );
}

function Row({ redemption, choose }: { redemption: Redemption; choose: Choose }) {
  const points = usePoints();
  const viewer = useViewer();
  const own = redemption.member.id === viewer.member.id;
  return (
    <Paper component="article" p="md">
      <Group gap="md" justify="space-between">
        <Group gap="md" wrap="nowrap" align="flex-start" miw={0}>
          <Face name={redemption.member.displayName} />
          <div style={{ minWidth: 0 }}>
            <Text fw={600}>{redemption.rewardName}</Text>
            <Text c="dimmed" fz="sm">
              {redemption.member.displayName} · {points(redemption.pricePoints)}
              {redemption.daysWaiting !== null && ` · ${text.waiting(redemption.daysWaiting)}`}
            </Text>
            {redemption.note && (
              <Text fz="sm" mt={4}>
                <Text span fz="sm" c="dimmed">
                  {text.says}
                </Text>{" "}
                {redemption.note}
              </Text>
            )}
            {own && (
              <Text fz="sm" c="dimmed" mt={4}>
                {text.own}
              </Text>
            )}
          </div>
        </Group>
        <Group gap="xs" ml="auto">
          <Button variant="default" onClick={() => choose("reject", redemption)}>
            {text.reject}
          </Button>
          {redemption.status === "PENDING_APPROVAL" ? (
            <Button onClick={() => choose("approve", redemption)}>{text.approve}</Button>
          ) : (
            <Button onClick={() => choose("fulfil", redemption)}>{text.fulfil}</Button>
          )}
        </Group>
      </Group>
    </Paper>
  );
}
