// The feed: what people are thanked for, and where one thanks.
import { Group, NativeSelect, Stack } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { MessageCircleHeart, Sparkles } from "lucide-react";
import { lazy, Suspense, useMemo } from "react";
import { useQuery } from "urql";

import { FeedDocument } from "../contract/graphql";
import { feedMessages } from "./messages";
import { type PageInfo, Pages } from "../pages";
import { Face } from "../shell/Face";
import { Page } from "../shell/Page";
import { Empty, Loading, Trouble } from "../shell/states";
import { useMay, useViewer } from "../viewer";
import { Purse } from "./Purse";
import { RecognitionCard } from "./RecognitionCard";

const route = getRouteApi("/");
// Most who come read first: the form comes when somebody wants to give.
const GiveDialog = lazy(async () => ({ default: (await import("../give/GiveDialog")).GiveDialog }));
// An empty feed names no recognition; said so here, the first one given makes it read anew.
const ABOUT = { additionalTypenames: ["Recognition", "Comment"] };

export function FeedPage() {
  const { give, value } = route.useSearch();
  const navigate = route.useNavigate();
  const viewer = useViewer();
  const mayGive = useMay("recognition.give");
  const values = viewer.organization.values.filter((one) => !one.archived);

  return (
    <Page title={feedMessages.title} lead={feedMessages.lead(viewer.organization.name)} width={1000}>
      <div className="feed">
        <Stack gap="md" miw={0}>
          {mayGive && (
            <button type="button" className="composer" onClick={() => navigate({ search: (now) => ({ ...now, give: true }) })}>
              <Face name={viewer.member.displayName} size={36} />
              <span style={{ flex: 1 }}>{feedMessages.prompt}</span>
              <Sparkles size={18} color="var(--plaudit-accent)" aria-hidden />
            </button>
          )}
          <Group justify="flex-end">
            <NativeSelect
              aria-label={feedMessages.filter}
              size="xs"
              w={200}
              value={value ?? ""}
              data={[{ value: "", label: feedMessages.everyValue }, ...values.map((one) => ({ value: one.id, label: `${one.emoji ?? ""} ${one.name}`.trim() }))]}
              onChange={(event) => {
                const chosen = event.currentTarget.value || undefined;
                void navigate({ search: (now) => ({ ...now, value: chosen }) });
              }}
            />
          </Group>
          <Pages key={value} page={(after, rest) => <Cards key={after} after={after} value={value} rest={rest} />} />
        </Stack>
        <Purse />
      </div>
      {mayGive && give && (
        <Suspense>
          <GiveDialog close={() => navigate({ search: (now) => ({ ...now, give: undefined }) })} />
        </Suspense>
      )}
    </Page>
  );
}

function Cards({ after, value, rest }: { after: string | null; value: string | undefined; rest: (info: PageInfo) => React.ReactNode }) {
  const variables = useMemo(() => ({ first: 15, after, filter: value === undefined ? null : { valueId: value } }), [after, value]);
  const [{ data, error }, again] = useQuery({ query: FeedDocument, variables, context: ABOUT });
  if (data === undefined) return error ? <Trouble again={() => again({ requestPolicy: "network-only" })} /> : <Loading rows={4} height={168} />;
  const { nodes, pageInfo } = data.recognitions;
  if (nodes.length === 0 && after === null) {
    return <Empty icon={MessageCircleHeart} title={value ? feedMessages.noneForValue : feedMessages.empty} why={feedMessages.emptyWhy} />;
  }
  return (
    <>
      {nodes.map((recognition) => (
        <RecognitionCard key={recognition.id} recognition={recognition} />
      ))}
      {rest(pageInfo)}
    </>
  );
}
