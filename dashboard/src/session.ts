// The token of whoever is signed in: kept in this tab until it is closed, and nowhere else.
const KEY = "plaudit.token";

let token: string | null = sessionStorage.getItem(KEY);
const listeners = new Set<() => void>();

export function currentToken(): string | null {
  return token;
}

export function signIn(secret: string): void {
  sessionStorage.setItem(KEY, secret);
  token = secret;
  listeners.forEach((tell) => tell());
}

export function signOut(): void {
  sessionStorage.removeItem(KEY);
  token = null;
  listeners.forEach((tell) => tell());
}

export function onSessionChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
