export declare const cloud: WechatMiniprogram.Wx['cloud']
