// Follows the conversation while the person is at its end, and never otherwise.

const NEAR = 64; // pixels from the end that still count as the end

export class Follower {
  constructor(region, button) {
    this.region = region;
    this.button = button;
    this.following = true;
    region.addEventListener("scroll", () => this.look(), { passive: true });
    new ResizeObserver(() => this.following && this.jump()).observe(region);
    button.addEventListener("click", () => { this.jump(); region.focus(); });
  }

  look() {
    const { scrollHeight, scrollTop, clientHeight } = this.region;
    this.following = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.following) this.button.hidden = true;
  }

  /** After the transcript grew; `more` if there is something new to read. */
  grown(more) {
    if (this.following) this.jump();
    else if (more) this.button.hidden = false;
  }

  jump() {
    this.following = true;
    this.button.hidden = true;
    this.region.scrollTop = this.region.scrollHeight;
  }
}
