/** The release of the action, as package.json has it: a plan that one release made another one does not carry out. */
export const RELEASE = '0.1.0';
