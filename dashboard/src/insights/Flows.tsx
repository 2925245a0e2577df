// Who recognises whom, group to group, as a heat map.
import { useCallback, useMemo } from "react";

import type { GroupInsightsQuery } from "../contract/graphql";
import { number } from "../formats";
import { insightsMessages } from "./messages";
import { Chart, type Ink } from "./Chart";
import { Figure } from "./Figure";

type Flow = GroupInsightsQuery["insights"]["flows"][number];
const text = insightsMessages.flows;
const LETTERS_MAX = 16;

export function Flows({ flows }: { flows: Flow[] }) {
  const all = useMemo(() => [...new Set(flows.flatMap((flow) => [flow.from.name, flow.to.name]))].sort(), [flows]);
  const option = useCallback(
    (ink: Ink) => {
      const told = flows.filter((flow) => flow.recognitionCount !== null);
      const label = { color: ink.dimmed, width: 120, overflow: "truncate" };
      const short = (name: string) => (name.length > LETTERS_MAX ? `${name.slice(0, LETTERS_MAX - 1)}…` : name);
      return {
        grid: { left: 4, right: 4, top: 4, bottom: 4, containLabel: true },
        textStyle: { fontFamily: ink.font },
        tooltip: {
          backgroundColor: ink.paper,
          borderColor: ink.line,
          textStyle: { color: ink.text, fontSize: 13 },
          // Names are text, and never markup.
          renderMode: "richText",
          formatter: ({ value }: { value: [number, number, number] }) => text.cell(all[value[1]] ?? "", all[value[0]] ?? "", number(value[2])),
        },
        xAxis: {
          type: "category",
          data: all,
          axisLine: { show: false },
          axisTick: { show: false },
          axisLabel: { ...label, interval: 0, rotate: all.length > 6 ? 40 : 0, formatter: short },
        },
        yAxis: { type: "category", data: all, inverse: true, axisLine: { show: false }, axisTick: { show: false }, axisLabel: label },
        visualMap: { show: false, min: 0, max: Math.max(1, ...told.map((flow) => flow.recognitionCount ?? 0)), inRange: { color: [ink.tint, ink.accent] } },
        series: [
          {
            type: "heatmap",
            data: told.map((flow) => [all.indexOf(flow.to.name), all.indexOf(flow.from.name), flow.recognitionCount]),
            itemStyle: { borderColor: ink.paper, borderWidth: 3, borderRadius: 6 },
            emphasis: { itemStyle: { borderColor: ink.text, borderWidth: 1.5 } },
          },
        ],
      };
    },
    [flows, all],
  );
  return (
    <Figure
      title={text.title}
      how={text.how}
      columns={text.columns}
      rows={flows.map((flow) => [flow.from.name, flow.to.name, flow.recognitionCount, flow.points])}
      picture={
        // A wide picture is scrolled on a phone, by keyboard too.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className="scrolled" role="region" aria-label={`${text.title}: ${insightsMessages.chart}`} tabIndex={0}>
          <Chart label={text.title} height={Math.max(240, all.length * 40 + 80)} width={Math.max(320, all.length * 56 + 130)} option={option} />
        </div>
      }
    />
  );
}
