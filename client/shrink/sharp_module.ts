/** Sharp by itself: only the process that makes a picture loads it. */
export { default } from "sharp";
