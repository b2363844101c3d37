/**
 * What an `address` listener gets to refuse the peer's new address with. It knows neither of the two addresses.
 */

/** A move of the peer that is about to be accepted. */
export class AddressChange {
  #prevented = false;

  /** Whether a listener has refused it. */
  get defaultPrevented(): boolean {
    return this.#prevented;
  }

  /** Refuses: the peer is still sent to where it was. Of effect only while the listeners of the event run. */
  preventDefault(): void {
    this.#prevented = true;
  }
}
