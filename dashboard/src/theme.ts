// How it looks: one accent, quiet greys, the letters of the reader's own system.
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

const iris: MantineColorsTuple = [
  "#f1f0fd", "#e0defa", "#c1bdf3", "#a19aec", "#867de6", "#746ae2", "#6a5fd9", "#5a4fc7", "#4f46b8", "#3f379c",
];
const slate: MantineColorsTuple = [
  "#f7f7f8", "#f0f0f3", "#ebebef", "#e2e2e8", "#a5a5b1", "#7b7b89", "#5c5c69", "#44444f", "#2c2c34", "#1a1a20",
];
const dark: MantineColorsTuple = [
  "#e9e9ee", "#b9b9c4", "#9d9daa", "#5d5d6a", "#3b3b45", "#2d2d36", "#24242b", "#1c1c22", "#141419", "#0e0e12",
];

const system = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

export const theme = createTheme({
  primaryColor: "iris",
  // Lighter shades than these are too faint for small letters on white, and for white letters on them.
  primaryShade: { light: 8, dark: 6 },
  autoContrast: true,
  colors: { iris, gray: slate, dark },
  fontFamily: system,
  headings: {
    fontFamily: system,
    fontWeight: "650",
    sizes: {
      h1: { fontSize: "1.625rem", lineHeight: "1.25" },
      h2: { fontSize: "1.125rem", lineHeight: "1.35" },
      h3: { fontSize: "1rem", lineHeight: "1.4" },
    },
  },
  fontSizes: { xs: "0.8125rem", sm: "0.875rem", md: "0.9375rem", lg: "1.0625rem", xl: "1.25rem" },
  defaultRadius: "md",
  radius: { md: "0.625rem", lg: "0.875rem" },
  cursorType: "pointer",
  components: {
    Paper: { defaultProps: { withBorder: true, radius: "lg", p: "lg" } },
    Modal: { defaultProps: { radius: "lg", overlayProps: { backgroundOpacity: 0.4, blur: 2 }, padding: "lg" } },
    Skeleton: { defaultProps: { radius: "md" } },
  },
});

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#ffffff",
    "--mantine-color-text": "#1a1a20",
    "--mantine-color-dimmed": "#62626f",
    "--mantine-color-default-border": "#e4e4e9",
    "--mantine-color-placeholder": "#6f6f7c",
    "--mantine-color-error": "#b42335",
    "--plaudit-ground": "#f7f7f9",
    "--plaudit-tint": "#f1f0fd",
    "--plaudit-accent": "#4f46b8",
    "--plaudit-good": "#1a7346",
    "--plaudit-bad": "#b42335",
  },
  dark: {
    "--mantine-color-body": "#1c1c22",
    "--mantine-color-text": "#ececf1",
    "--mantine-color-dimmed": "#a3a3b0",
    "--mantine-color-default-border": "#30303a",
    "--mantine-color-placeholder": "#8e8e9b",
    "--mantine-color-error": "#ff8a94",
    "--plaudit-ground": "#141419",
    "--plaudit-tint": "#26243a",
    "--plaudit-accent": "#a9a1f2",
    "--plaudit-good": "#5cc58e",
    "--plaudit-bad": "#ff8a94",
  },
});
