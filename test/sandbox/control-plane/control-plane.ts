export class ControlPlane {}
