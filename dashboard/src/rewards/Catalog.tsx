// The catalog, the cheapest first.
import { Group, Select, SimpleGrid, Switch } from "@mantine/core";
import { Gift } from "lucide-react";
import { useMemo, useState } from "react";
import { useQuery } from "urql";

import { type RewardKind, RewardsDocument } from "../contract/graphql";
import { rewardsMessages } from "./messages";
import { type PageInfo, Pages } from "../pages";
import { Empty, Loading, Trouble } from "../shell/states";
import { RedeemDialog } from "./RedeemDialog";
import { type Reward, RewardCard } from "./RewardCard";

const ABOUT = { additionalTypenames: ["Reward", "Redemption"] };

export function Catalog() {
  const [kind, setKind] = useState<RewardKind | null>(null);
  const [affordable, setAffordable] = useState(false);
  const [chosen, setChosen] = useState<Reward | null>(null);
  return (
    <>
      <Group justify="space-between">
        <Select
          aria-label={rewardsMessages.kind}
          placeholder={rewardsMessages.everyKind}
          size="sm"
          w={200}
          clearable
          clearButtonProps={{ "aria-label": rewardsMessages.everyKind }}
          value={kind}
          onChange={(value) => setKind(value as RewardKind | null)}
          data={Object.entries(rewardsMessages.kinds).map(([value, label]) => ({ value, label }))}
        />
        <Switch label={rewardsMessages.affordable} checked={affordable} onChange={(event) => setAffordable(event.currentTarget.checked)} />
      </Group>
      <Pages
        key={`${kind} ${affordable}`}
        page={(after, rest) => <Some key={after} kind={kind} affordable={affordable} after={after} choose={setChosen} rest={rest} />}
      />
      {chosen && <RedeemDialog reward={chosen} close={() => setChosen(null)} />}
    </>
  );
}

function Some(props: {
  kind: RewardKind | null;
  affordable: boolean;
  after: string | null;
  choose: (reward: Reward) => void;
  rest: (info: PageInfo) => React.ReactNode;
}) {
  const { kind, affordable, after } = props;
  const variables = useMemo(() => ({ first: 24, after, kind, affordableOnly: affordable }), [after, kind, affordable]);
  const [{ data, error }, again] = useQuery({ query: RewardsDocument, variables, context: ABOUT });
  if (data === undefined) return error ? <Trouble again={() => again({ requestPolicy: "network-only" })} /> : <Loading rows={2} height={280} />;
  const { nodes, pageInfo } = data.rewards;
  if (nodes.length === 0 && after === null) {
    const filtered = kind !== null || affordable;
    return (
      <Empty
        icon={Gift}
        title={filtered ? rewardsMessages.noneAffordable : rewardsMessages.empty}
        why={filtered ? rewardsMessages.noneAffordableWhy : rewardsMessages.emptyWhy}
      />
    );
  }
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }} spacing="lg">
        {nodes.map((reward) => (
          <RewardCard key={reward.id} reward={reward} choose={() => props.choose(reward)} />
        ))}
      </SimpleGrid>
      {props.rest(pageInfo)}
    </>
  );
}
