import { useEffect, useRef, useSyncExternalStore } from "react";
import { chosenTheme, listenTheme } from "../../ui/theme";
import { dotCount, move, scatter, speedOf } from "./particles";

const frameMs = 1000 / 30;

/** Fifty dots that drift as fast as events come in. They stand still on a page that is held or hidden, and for readers who want less motion. */
export default function Particles({ rate, held }: { rate: number; held: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dots = useRef(scatter(Math.random));
  const theme = useSyncExternalStore(listenTheme, chosenTheme);
  const speed = held ? 0 : speedOf(rate);

  useEffect(() => {
    const sheet = canvas.current;
    const pen = sheet?.getContext("2d");
    if (!sheet || !pen) return;
    const less = matchMedia("(prefers-reduced-motion: reduce)");
    let frame = 0;
    let drawn = 0;
    const draw = (): void => {
      const scale = devicePixelRatio;
      sheet.width = sheet.clientWidth * scale;
      sheet.height = sheet.clientHeight * scale;
      pen.fillStyle = getComputedStyle(sheet).color;
      for (const { x, y, size, depth } of dots.current) {
        pen.globalAlpha = depth;
        pen.beginPath();
        pen.arc(x * sheet.width, y * sheet.height, size * scale, 0, 2 * Math.PI);
        pen.fill();
      }
    };
    const step = (now: number): void => {
      if (now - drawn >= frameMs) {
        if (drawn > 0) move(dots.current, Math.min(now - drawn, 100) / 1000, speed);
        drawn = now;
        draw();
      }
      frame = requestAnimationFrame(step);
    };
    const go = (): void => {
      cancelAnimationFrame(frame);
      drawn = 0;
      draw();
      if (speed > 0 && !less.matches && document.visibilityState === "visible") frame = requestAnimationFrame(step);
    };
    go();
    const resized = new ResizeObserver(go);
    resized.observe(sheet);
    document.addEventListener("visibilitychange", go);
    less.addEventListener("change", go);
    return () => {
      cancelAnimationFrame(frame);
      resized.disconnect();
      document.removeEventListener("visibilitychange", go);
      less.removeEventListener("change", go);
    };
  }, [speed, theme]);

  return <canvas ref={canvas} className="h-full w-full text-accent" aria-hidden="true" data-c="particles" data-dots={dotCount} data-speed={speed.toFixed(3)} />;
}
