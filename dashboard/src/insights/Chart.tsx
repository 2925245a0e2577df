// Draws a chart, and draws it anew when its place or the colours change.
import { useComputedColorScheme } from "@mantine/core";
import { BarChart, HeatmapChart, LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { type ECharts, type EChartsCoreOption, init, use as register } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";

register([BarChart, HeatmapChart, LineChart, GridComponent, TooltipComponent, VisualMapComponent, SVGRenderer]);

export type Ink = { accent: string; text: string; dimmed: string; line: string; tint: string; paper: string; font: string };

export function Chart({ label, height, width, option }: { label: string; height: number; width?: number; option: (ink: Ink) => EChartsCoreOption }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  const scheme = useComputedColorScheme("light");

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = init(element, null, { renderer: "svg" });
    chart.current = made;
    const watch = new ResizeObserver(() => made.resize());
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    chart.current?.setOption({ animation: !still, ...option(inkOf(document.documentElement)) }, true);
  }, [option, scheme]);

  // What a chart says stands in its table; to a screen reader it is one picture with a name.
  return <div ref={place} role="img" aria-label={label} style={{ height, minWidth: width }} />;
}

function inkOf(root: HTMLElement): Ink {
  const style = getComputedStyle(root);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    accent: read("--plaudit-accent"),
    text: read("--mantine-color-text"),
    dimmed: read("--mantine-color-dimmed"),
    line: read("--mantine-color-default-border"),
    tint: read("--plaudit-tint"),
    paper: read("--mantine-color-body"),
    font: read("--mantine-font-family"),
  };
}
